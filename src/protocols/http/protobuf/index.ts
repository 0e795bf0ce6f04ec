export { type Field, fieldsOf, NotRead } from './fields.ts'
