export { analyse } from './analyse.ts'
export { searchPathOf } from './settings.ts'
