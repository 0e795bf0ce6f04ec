export { TrailError, trailErrors } from './errors.ts'
export type * from './trail.ts'
