import { ConnectorError } from '../errors.ts'
import { TUNNEL_PATH } from '../words.ts'
import { ask, type GatewayAddress, reachGateway } from './reach-gateway.ts'

/**
 * Whether the gateway's door for connectors is there, and not another one or somebody else's: asked for a tunnel without the switch of
 * protocols that makes it one, only that door answers as it does. Nothing is enrolled, proved or recorded.
 * @param patience ms
 * @throws ConnectorError GS_CONNECTOR_GATEWAY_UNREACHABLE, _GATEWAY_UNTRUSTED, _GATEWAY_ANSWER; what the door says of --gateway, such as
 * GS_CONNECTOR_MISDIRECTED; or the signal's reason
 */
export async function examineDoor(at: GatewayAddress, patience: number, signal: AbortSignal): Promise<void> {
  const { socket } = await reachGateway(at, signal)
  const within = AbortSignal.timeout(patience)
  const answer = ask(socket, { method: 'GET', path: TUNNEL_PATH }, at, AbortSignal.any([signal, within]))
  const said = await answer.then(
    () => new ConnectorError('GS_CONNECTOR_GATEWAY_ANSWER'),
    (error: unknown) => error,
  )
  socket.destroy()
  if (said instanceof ConnectorError && said.code === 'GS_CONNECTOR_REQUEST_INVALID') return
  signal.throwIfAborted()
  if (said instanceof ConnectorError && ITS_OWN.has(said.code)) throw said
  // It was reached and is trusted; it is only not the door.
  throw new ConnectorError('GS_CONNECTOR_GATEWAY_ANSWER', within.aborted ? 'it did not answer in time' : undefined, { cause: said })
}

/** What that door may say to a request that proves nothing. */
const ITS_OWN: ReadonlySet<string> = new Set(['GS_CONNECTOR_MISDIRECTED', 'GS_CONNECTOR_THROTTLED'])
