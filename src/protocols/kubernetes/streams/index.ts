export { type AgreedStream, type AskedStream, agreedStream, offeredProtocols } from './agreed.ts'
export { type RelayedStream, relayStream, type StreamEnd } from './relay-stream.ts'
