export * from './door/index.ts'
export * from './login/index.ts'
export { CancelRegistry, type RelayLog } from './relay/index.ts'
export type * from './target.ts'
