export { createPlainPlane, type PlainPlaneOptions } from './plane.ts'
export { readPlainRequest } from './rehearse.ts'
