export { createResources } from './create-resources.ts'
export { ResourceError, resourceErrors } from './errors.ts'
export type * from './resources.ts'
