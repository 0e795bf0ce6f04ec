export { recordThread } from './record-thread.ts'
