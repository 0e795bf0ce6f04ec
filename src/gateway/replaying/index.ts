export { OpenedEntries } from './opened-entries.ts'
export { replayOperator } from './operator.ts'
export { PastHistories, type PastRequest } from './past-histories.ts'
