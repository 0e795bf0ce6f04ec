export { type EmbeddedDatabase, openDatabase } from './embedded/database.ts'
export { StoreError, storeErrors } from './errors.ts'
