export { type EmbeddedDatabase, openDatabase } from './embedded/database.ts'
export { type EmbeddedKeyStore, openKeyStore } from './embedded/key-store.ts'
export { StoreError, storeErrors } from './errors.ts'
