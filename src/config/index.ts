export type * from './config.ts'
export { ConfigError, type ConfigErrorCode, configErrors, describeProblem } from './errors.ts'
export { jsonSchema } from './json-schema.ts'
export { loadConfig } from './load.ts'
