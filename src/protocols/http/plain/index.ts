export { createPlainPlane, type PlainPlaneOptions } from './plane.ts'
