export { createPostgresDoor, type PostgresDoor } from './door.ts'
export { DoorError, type DoorErrorCode, doorErrors } from './errors.ts'
export type { DoorEvents, DoorLimits, DoorTls, PostgresDoorOptions } from './options.ts'
