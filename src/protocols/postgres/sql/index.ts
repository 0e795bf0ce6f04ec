export { type PoolOptions, Share, Standing } from './parse/index.ts'
export * from './session/index.ts'
export type { SqlSession, Understood } from './sql-session.ts'
export type { CopyTo, OutputColumn, SessionView, StatementFacts, Transition } from './statement-facts.ts'
