export { MessageMasks } from './message-masks.ts'
