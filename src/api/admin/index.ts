export { type AdminDoor, type AdminDoorOptions, adminDoor } from './door.ts'
export { AdminDoorError, adminDoorErrors } from './errors.ts'
export type { OwnRunAnswer } from './own-run-schemas.ts'
export type { OwnRun, OwnRuns } from './own-runs.ts'
