export { type BridgeOptions, runBridge } from './bridge/index.ts'
export {
  checkHost,
  type HostLog,
  type HostSettings,
  McpHostError,
  parseHostSettings,
  type RunningHost,
  readHostSettings,
  startHost,
} from './host/index.ts'
