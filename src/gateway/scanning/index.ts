export { Scanning } from './scanning.ts'
