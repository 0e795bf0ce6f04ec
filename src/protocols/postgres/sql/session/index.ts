export type { CatalogSource } from './catalog-source.ts'
export type { SessionOptions } from './session.ts'
export { createUnderstanding, type Understanding, type UnderstandingOptions } from './understanding.ts'
export { transactionFacts } from './with-transaction.ts'
