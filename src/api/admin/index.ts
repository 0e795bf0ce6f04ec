export { type AdminDoor, type AdminDoorOptions, adminDoor } from './door.ts'
export { AdminDoorError, adminDoorErrors } from './errors.ts'
