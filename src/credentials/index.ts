export type * from './login.ts'
