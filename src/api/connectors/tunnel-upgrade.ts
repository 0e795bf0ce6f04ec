import type { IncomingMessage, Server } from 'node:http'
import type { TLSSocket } from 'node:tls'
import {
  CONNECTOR_HEADER,
  CONNECTOR_ID,
  ConnectorError,
  type Connectors,
  channelBinding,
  isQuiet,
  NAME_HEADER,
  PROOF_HEADER,
  TUNNEL_PATH,
  TUNNEL_PROTOCOL,
  VERSION_HEADER,
} from '../../connector/index.ts'
import { addressKey, type Throttle } from '../../identity/index.ts'
import { isAddressedTo } from '../http/own-name.ts'
import { refuseUpgrade, toldOf } from './answers.ts'

/** How long a refused connector may take to read why, ms. */
const LINGER_MS = 1_000

export interface TunnelUpgradeParts {
  readonly connectors: Pick<Connectors, 'prove' | 'attach'>
  readonly names: ReadonlySet<string>
  readonly throttle: Throttle
}

/** `GET /v1/tunnel` that asks to go on in another protocol. No hook of Fastify sees it, so what every request passes is passed here. */
export function tunnelUpgrade(server: Server, { connectors, names, throttle }: TunnelUpgradeParts): void {
  const asked = new WeakSet<object>()
  server.on('request', ({ socket }: IncomingMessage) => void asked.add(socket))
  server.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    // What held for requests holds for links no more.
    socket.setTimeout(0)
    socket.removeAllListeners('timeout')
    try {
      const proven = steps(request, socket, head)
      const switching = [
        'HTTP/1.1 101 Switching Protocols',
        'connection: upgrade',
        `upgrade: ${TUNNEL_PROTOCOL}`,
        `${NAME_HEADER}: ${proven.name}`,
      ]
      socket.write(`${switching.join('\r\n')}\r\n\r\n`)
      isQuiet(socket)
        .then((yes) => {
          // Node would feed HTTP/2 what is there already, and goes on to do so where the first of it ended the session.
          if (yes && socket.readableLength === 0) connectors.attach(proven, socket)
          else socket.destroy()
        })
        .catch(() => socket.destroy())
    } catch (error) {
      refuseUpgrade(socket, toldOf(error))
      setTimeout(() => socket.destroy(), LINGER_MS).unref()
    }
  })

  function steps(request: IncomingMessage, socket: TLSSocket, head: Buffer) {
    const { headers } = request
    if ((request.headersDistinct.host?.length ?? 0) > 1 || !isAddressedTo({ headers, raw: request }, names)) {
      throw new ConnectorError('GS_CONNECTOR_MISDIRECTED')
    }
    const address = socket.remoteAddress ?? ''
    take(address)
    const [id, version, proof] = [one(request, CONNECTOR_HEADER), one(request, VERSION_HEADER), one(request, PROOF_HEADER)]
    const asksForTunnel = request.method === 'GET' && request.url === TUNNEL_PATH && headers.upgrade === TUNNEL_PROTOCOL
    // Whoever goes on before the switch was agreed to speaks something else; an answer to what was asked before may still be under way.
    if (!asksForTunnel || head.length > 0 || asked.has(socket) || !CONNECTOR_ID.test(id) || !/^[A-Za-z0-9_-]{86}$/.test(proof)) {
      throw new ConnectorError('GS_CONNECTOR_REQUEST_INVALID')
    }
    const binding = channelBinding(socket)
    if (!binding) throw new ConnectorError('GS_CONNECTOR_PROOF_INVALID')
    return connectors.prove({ id, version, proof: Buffer.from(proof, 'base64url') }, { address, binding })
  }

  function take(address: string): void {
    try {
      throttle.take(addressKey(address))
    } catch (cause) {
      throw new ConnectorError('GS_CONNECTOR_THROTTLED', undefined, { cause })
    }
  }
}

/** A header that is there once; '' otherwise. */
function one(request: IncomingMessage, name: string): string {
  const values = request.headersDistinct[name] ?? []
  return values.length === 1 ? values[0]! : ''
}
