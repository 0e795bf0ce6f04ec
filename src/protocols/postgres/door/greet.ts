import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { readExactly } from '../read-message.ts'
import { tlsServerEndPoint } from '../wire/channel-binding.ts'
import { WireError } from '../wire/errors.ts'
import { readStartup, type StartupPacket, startupLength } from '../wire/startup.ts'
import type { DoorTls } from './options.ts'

/** What is known of a client's TLS. */
export interface ClientTls {
  readonly serverName: string | undefined
  /** `tls-server-end-point` of the leaf that it was shown. */
  readonly binding: Buffer | undefined
}

/** A client that has said what it wants. */
export interface Greeted {
  readonly socket: Socket
  readonly tls: ClientTls | undefined
  readonly packet: Extract<StartupPacket, { kind: 'startup' | 'cancel-request' }>
}

/** First byte of a TLS record that holds a handshake; no start-up packet is long enough to begin with it. */
const TLS_HANDSHAKE = 0x16
/** RFC 7301 name of the protocol; required where TLS comes first, so that no HTTPS client is led here. */
const ALPN = 'postgresql'

/**
 * From the first byte to the start-up packet: encryption requests answered, TLS set up (PostgreSQL protocol 55.2.11–12).
 * @param secured called with the socket on which to speak from then on, once TLS stands
 * @returns undefined where the client left or TLS failed
 * @throws WireError
 */
export async function greet(raw: Socket, tls: DoorTls | undefined, secured: (socket: Socket) => void): Promise<Greeted | undefined> {
  let asked = { ssl: false, gssenc: false }
  for (let first = true; ; first = false) {
    const begin = await readExactly(raw, 1)
    if (!begin) return undefined
    if (first && begin[0] === TLS_HANDSHAKE) {
      raw.unshift(begin)
      return tls && greetInside(raw, tls, true, secured)
    }
    const packet = await readPacket(raw, begin)
    if (!packet) return undefined
    if (packet.kind === 'ssl-request' && !asked.ssl) {
      asked = { ...asked, ssl: true }
      if (tls) {
        raw.write('S')
        // Bytes glued behind the request stay in `raw`, from where TLS reads on: they are a ClientHello or nothing (CVE-2021-23214).
        return greetInside(raw, tls, false, secured)
      }
      raw.write('N')
    } else if (packet.kind === 'gssenc-request' && !asked.gssenc) {
      asked = { ...asked, gssenc: true }
      raw.write('N')
    } else return { socket: raw, tls: undefined, packet: start(packet) }
  }
}

/** The same, with TLS around it: no second encryption. */
async function greetInside(raw: Socket, tls: DoorTls, direct: boolean, secured: (socket: Socket) => void): Promise<Greeted | undefined> {
  const accepted = await acceptTls(raw, tls)
  if (!accepted) return undefined
  const { socket } = accepted
  secured(socket)
  if (direct && socket.alpnProtocol !== ALPN) {
    socket.destroy()
    return undefined
  }
  const begin = await readExactly(socket, 1)
  const packet = begin && (await readPacket(socket, begin))
  return packet && { ...accepted, packet: start(packet) }
}

function start(packet: StartupPacket): Greeted['packet'] {
  if (packet.kind === 'startup' || packet.kind === 'cancel-request') return packet
  throw new WireError('Encryption was requested twice.')
}

async function readPacket(socket: Socket, begin: Buffer): Promise<StartupPacket | undefined> {
  const rest = await readExactly(socket, 3)
  const body = rest && (await readExactly(socket, startupLength(Buffer.concat([begin, rest])) - 4))
  return body && readStartup(body)
}

/** The server's side of a handshake. Resolves undefined where it fails: OpenSSL has sent its alert by then. */
function acceptTls(raw: Socket, tls: DoorTls): Promise<{ socket: TLSSocket; tls: ClientTls } | undefined> {
  return new Promise((resolve) => {
    // Leaves are renewed while we run: the binding must be of the one in this very context.
    const shown: { der: Uint8Array; serverName: string | undefined } = { der: tls.leafDer(), serverName: undefined }
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: tls.secureContext(),
      ALPNProtocols: [ALPN],
      SNICallback: (serverName: string, answer: (error: Error | null, context?: SecureContext) => void) => {
        try {
          const der = tls.leafDer(serverName)
          const context = tls.secureContext(serverName)
          Object.assign(shown, { der, serverName })
          answer(null, context)
        } catch (error) {
          answer(error instanceof Error ? error : new Error('No certificate'))
        }
      },
    })
    const failed = () => resolve(undefined)
    socket.on('error', failed)
    socket.once('close', failed)
    socket.once('secure', () => {
      socket.off('close', failed)
      resolve({ socket, tls: { serverName: shown.serverName, binding: tlsServerEndPoint(shown.der) } })
    })
  })
}
