export type * from './authenticator.ts'
