export type * from './policy.ts'
export type * from './rule.ts'
