export { type BridgeOptions, runBridge } from './bridge/index.ts'
