export { declareSnapshot } from './declare.ts'
export { DeclaredError, declaredErrors } from './errors.ts'
