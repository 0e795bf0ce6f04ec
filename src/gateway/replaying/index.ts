export { replayOperator } from './operator.ts'
