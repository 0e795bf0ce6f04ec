export { createPostgresDoor, type DoorAddress, type PostgresDoor } from './door.ts'
export { DoorError, type DoorErrorCode, doorErrors } from './errors.ts'
export type { DoorLimits, DoorTls, OpenedSession, PostgresDoorOptions } from './options.ts'
