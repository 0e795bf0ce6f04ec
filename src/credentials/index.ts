export type * from './login.ts'
export type * from './reference.ts'
