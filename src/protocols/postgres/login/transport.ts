import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { CodedError, type TargetAddress, type TargetSecret } from '../../../operations/index.ts'
import { readExactly } from '../read-message.ts'
import { tlsServerEndPoint } from '../wire/channel-binding.ts'
import { buildSslRequest } from '../wire/startup.ts'
import { LoginError } from './errors.ts'
import type { TrustContexts } from './trust-contexts.ts'

/** A connection to the target before the first message of the protocol. */
export interface Transport {
  readonly socket: Duplex
  /** The chain and the host name were verified. */
  readonly verified: boolean
  /** `tls-server-end-point` of the target's certificate, where it has one. */
  readonly binding: Buffer | undefined
}

const KEEP_ALIVE_MS = 60_000

/**
 * Connects, from here or through a connector, and under `verify: full` upgrades to TLS whose chain and host name are verified.
 *
 * @param contexts what was parsed of CAs before
 * @param signal ends the attempt; afterwards the socket is the caller's
 * @throws LoginError, or why there is no way through the connector; no socket is left open then
 */
export async function openTransport(
  address: TargetAddress,
  certificate: TargetSecret['clientCertificate'],
  contexts: TrustContexts,
  signal: AbortSignal,
): Promise<Transport> {
  const { via } = address
  if (via && address.tls.verify === 'off') throw new LoginError('GS_TARGET_WITHOUT_TLS')
  const socket = via ? await via.dial(signal) : connectTo(address)
  // An error may come while nobody reads; whoever reads next sees that the socket is destroyed.
  socket.on('error', () => undefined)
  const abort = () => socket.destroy()
  signal.addEventListener('abort', abort)
  try {
    if (signal.aborted) throw new LoginError('GS_TARGET_UNREACHABLE')
    if (!via) await once(socket, 'connect', { signal }).catch((error: unknown) => Promise.reject(unreachable(error)))
    if (address.tls.verify === 'off') return { socket, verified: false, binding: undefined }
    await requestTls(socket)
    const { tls, host } = address
    const secure = await secureSocket(socket, () => ({ ...tlsOptions(host, tls), ...trusted(tls.ca, certificate, contexts) }))
    const leaf = secure.getPeerX509Certificate()?.raw
    return { socket: secure, verified: true, binding: leaf && tlsServerEndPoint(leaf) }
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function connectTo({ host, port }: TargetAddress): Socket {
  return connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
}

/** PostgreSQL protocol 55.2.11: SSLRequest, one byte of answer, then the handshake. */
async function requestTls(socket: Duplex): Promise<void> {
  socket.write(buildSslRequest())
  const answer = await readExactly(socket, 1).catch((error: unknown) => Promise.reject(unreachable(error)))
  if (!answer) throw new LoginError('GS_TARGET_UNREACHABLE')
  // 'N', or 'E' of a server older than the request; its text is not authenticated and is not read (CVE-2024-10977).
  if (answer[0] === 0x4e || answer[0] === 0x45) throw new LoginError('GS_TARGET_WITHOUT_TLS')
  if (answer[0] !== 0x53) throw new LoginError('GS_TARGET_PROTOCOL')
  // Plaintext glued behind 'S' was put there by somebody between (CVE-2021-23222): the server waits for our ClientHello.
  if (socket.readableLength > 0) throw new LoginError('GS_TARGET_NOT_TRUSTED', { reason: 'Bytes came before the TLS handshake began.' })
}

function tlsOptions(host: string, trust: Extract<TargetAddress['tls'], { verify: 'full' }>): ConnectionOptions {
  const name = trust.serverName ?? host
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    // As libpq 17 does: a server of another protocol cannot be made to talk to us (ALPACA).
    ALPNProtocols: ['postgresql'],
    // RFC 6066 §3: a literal address is no server name; `host` alone is still compared with the certificate.
    ...(isIP(name) ? { host: name } : { servername: name }),
  }
}

/** A client key is parsed for its one connection and kept nowhere. */
function trusted(ca: string | undefined, certificate: TargetSecret['clientCertificate'], contexts: TrustContexts): ConnectionOptions {
  if (!certificate) return { secureContext: contexts.of(ca) }
  return { ...(ca === undefined ? {} : { ca }), cert: certificate.certificate, key: certificate.key }
}

function secureSocket(socket: Duplex, options: () => ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new LoginError('GS_TARGET_NOT_TRUSTED', { reason }))
    let secure: TLSSocket
    try {
      secure = tlsConnect({ socket, ...options() })
    } catch {
      // Its own message may quote the PEM.
      return fail('The configured client certificate, key or CA cannot be used.')
    }
    secure.on('error', () => undefined)
    secure.once('error', (error: NodeJS.ErrnoException) => fail(`TLS with the target failed (${error.code ?? 'no code'}).`))
    const closed = () => fail('The target or the network closed the connection during the TLS handshake.')
    secure.once('close', closed)
    secure.once('secureConnect', () => {
      secure.off('close', closed)
      resolve(secure)
    })
  })
}

/** @returns a LoginError that names the system's code and nothing else; what is said of a connector is our own */
export function unreachable(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code'
  if (code.startsWith('ERR_SSL')) return new LoginError('GS_TARGET_NOT_TRUSTED', { reason: `TLS with the target failed (${code}).` })
  return new LoginError('GS_TARGET_UNREACHABLE', { reason: `The target could not be reached (${code}).` })
}
