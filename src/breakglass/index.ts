export type * from './openings.ts'
