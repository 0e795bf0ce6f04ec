export { CancelRegistry } from './cancels.ts'
export type { RelayLog, RelayOptions } from './options.ts'
export { relay } from './relay.ts'
export type { TextAnalyzer } from './text-analyzer.ts'
