export { createPostgresDoor } from './door.ts'
export { DoorError, type DoorErrorCode, doorErrors } from './errors.ts'
export type { DoorTls, OpenedSession, PostgresDoorOptions } from './options.ts'
