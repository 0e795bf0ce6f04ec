export type * from './approvals.ts'
