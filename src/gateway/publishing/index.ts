export { publishThread } from './publish-thread.ts'
