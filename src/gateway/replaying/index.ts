export { OpenedEntries } from './opened-entries.ts'
export { replayOperator } from './operator.ts'
