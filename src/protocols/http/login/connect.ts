import { isIP, type Socket, connect as tcpConnect } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, createSecureContext, type SecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { buildConnector } from 'undici'
import { type ClientCertificate, CodedError, type Dial, type TargetAddress } from '../../../operations/index.ts'
import { NotDialled, TargetError } from './errors.ts'

/** For TCP and for TLS with the target, each. */
const CONNECT_MS = 10_000
const KEEP_ALIVE_MS = 60_000

/**
 * Opens connections to one target: TCP, or what `dial` opens instead, and under `verify: full` TLS whose chain and host name are verified.
 * Sessions of TLS are resumed among the connections of one opener.
 *
 * A connection that does not come about is told with TargetError or NotDialled; no socket is left open then.
 */
export type Opener = (dial: Dial | undefined) => buildConnector.connector

type Callback = buildConnector.Callback

/** @param certificate of the gateway, where the target asks for one */
export function createOpener(address: TargetAddress, certificate: ClientCertificate | undefined): Opener {
  const trust = address.tls.verify === 'full' ? trustOf(address, address.tls, certificate) : undefined
  let session: Buffer | undefined
  const secure = (socket: Duplex, callback: Callback): void => {
    const options = trust?.()
    if (!options) {
      socket.destroy()
      const why = 'The configured client certificate, key or CA of this target cannot be used.'
      callback(new TargetError('GS_HTTP_TARGET_NOT_TRUSTED', why), null)
      return
    }
    const patience = setTimeout(() => socket.destroy(), CONNECT_MS)
    const secured: TLSSocket = tlsConnect({ socket, ...options, ...(session && { session }) })
    const untrusted = (error?: NodeJS.ErrnoException): void => {
      secured.off('close', left)
      session = undefined
      clearTimeout(patience)
      socket.destroy()
      callback(new TargetError('GS_HTTP_TARGET_NOT_TRUSTED', `TLS with the target failed (${error?.code ?? 'closed'}).`), null)
    }
    const left = (): void => untrusted()
    secured.on('session', (made) => {
      session = made
    })
    secured.once('error', untrusted).once('close', left)
    secured.once('secureConnect', () => {
      secured.off('error', untrusted).off('close', left)
      secured.on('error', () => undefined)
      clearTimeout(patience)
      callback(null, secured)
    })
  }
  return (dial) => (_, callback) => {
    if (dial) dialled(dial, secure, callback)
    else connected(address, trust ? secure : (socket, then) => then(null, socket), callback)
  }
}

function connected({ host, port }: TargetAddress, next: (socket: Socket, callback: Callback) => void, callback: Callback): void {
  const socket = tcpConnect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
  const patience = setTimeout(() => socket.destroy(), CONNECT_MS)
  const refused = (error?: NodeJS.ErrnoException): void => {
    clearTimeout(patience)
    socket.destroy()
    callback(new TargetError('GS_HTTP_TARGET_UNREACHABLE', `The target could not be reached (${error?.code ?? 'no answer'}).`), null)
  }
  const closed = (): void => refused()
  socket.once('error', refused).once('close', closed)
  socket.once('connect', () => {
    socket.off('error', refused).off('close', closed)
    clearTimeout(patience)
    // An error may come while nobody reads; whoever reads next sees that the socket is destroyed.
    socket.on('error', () => undefined)
    next(socket, callback)
  })
}

/** Through a connector it is TLS in any case: whoever carries it reads nothing. */
function dialled(dial: Dial, next: (socket: Duplex, callback: Callback) => void, callback: Callback): void {
  dial(AbortSignal.timeout(CONNECT_MS)).then(
    (stream) => {
      stream.on('error', () => undefined)
      next(stream, callback)
    },
    (error: unknown) => {
      const told = error instanceof CodedError ? new NotDialled(error) : undefined
      callback(told ?? new TargetError('GS_HTTP_TARGET_UNREACHABLE', 'The target could not be reached through its connector.'), null)
    },
  )
}

/** @returns what TLS is opened with; undefined where certificate, key or CA cannot be read: OpenSSL's own message may quote them */
function trustOf(
  { host }: TargetAddress,
  tls: Extract<TargetAddress['tls'], { verify: 'full' }>,
  certificate: ClientCertificate | undefined,
): () => ConnectionOptions | undefined {
  const name = tls.serverName ?? host
  let secureContext: SecureContext | undefined
  return () => {
    try {
      secureContext ??= createSecureContext({
        minVersion: 'TLSv1.2',
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(certificate && { cert: certificate.certificate, key: certificate.key }),
      })
    } catch {
      return undefined
    }
    return {
      secureContext,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
      // RFC 6066 §3: a literal address is no server name; `host` alone is still compared with the certificate.
      ...(isIP(name) ? { host: name } : { servername: name }),
    }
  }
}
