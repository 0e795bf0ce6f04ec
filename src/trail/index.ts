export { TrailError, trailErrors } from './errors.ts'
export type { KeyStore, SealedKey, TrailState } from './key-store.ts'
export * from './operation-entries.ts'
export type * from './trail.ts'
