export { pastSessionOperator } from './operator.ts'
