export { type Analysis, Presidio, type PresidioSettings } from './presidio.ts'
