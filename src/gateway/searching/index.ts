export { Searching } from './searching.ts'
