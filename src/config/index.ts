export type * from './config.ts'
export { ConfigError, type ConfigErrorCode, configErrors, describeProblem } from './errors.ts'
