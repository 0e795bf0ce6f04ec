export { asideThread } from './aside-thread.ts'
export { Retention } from './retention.ts'
