export { ModelError, type ModelErrorCode, modelErrors } from './errors.ts'
export { createModelPlane, type ModelPlaneOptions } from './plane/plane.ts'
export { readModelRequest } from './plane/rehearse.ts'
