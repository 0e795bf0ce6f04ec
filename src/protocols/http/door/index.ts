export { createHttpsDoor, type HttpsDoor } from './door.ts'
export { HttpsDoorError, type HttpsDoorErrorCode } from './errors.ts'
export type { Authenticators } from './identify.ts'
export type { DoorLog, HttpsDoorLimits, HttpsDoorOptions, Selected } from './options.ts'
