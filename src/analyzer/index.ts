export { type Analysis, LONGEST_TEXT, Presidio, type PresidioSettings } from './presidio.ts'
