export type * from './login.ts'
export { describeReference, parseReference } from './parse-reference.ts'
export type * from './reference.ts'
