export type * from './runs.ts'
