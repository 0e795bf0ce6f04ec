export { CancelRegistry } from './cancels.ts'
export type { RelayLog, RelayOptions } from './options.ts'
export { relay } from './relay.ts'
