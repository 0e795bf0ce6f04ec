export { disguises, folded } from './folding.ts'
export {
  idKey,
  isObject,
  type JsonObject,
  LONGEST_MESSAGE,
  type Received,
  type RpcError,
  type RpcId,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcResult,
  readMessage,
  readReceived,
  writeMessage,
} from './json-rpc.ts'
export {
  checkMirrored,
  checkParameterHeaders,
  checkUnmirrored,
  type Dialect,
  dialectOf,
  HANDSHAKE_VERSIONS,
  STATELESS_VERSION,
} from './mirrored.ts'
export { KEEP_ALIVE, LONGEST_EVENT, SseDecoder, type SseEvent, SseTooLong, writeEvent } from './sse.ts'
