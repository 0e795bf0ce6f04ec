import { isIP, connect as tcpConnect } from 'node:net'
import { type ConnectionOptions, createSecureContext, type SecureContext, connect as tlsConnect } from 'node:tls'
import type { buildConnector } from 'undici'
import type { ClientCertificate, TargetAddress } from '../../../operations/index.ts'
import { TargetError } from './errors.ts'

/** For TCP and for TLS with the target, each. */
const CONNECT_MS = 10_000
const KEEP_ALIVE_MS = 60_000

/**
 * Opens connections to one target: TCP, and under `verify: full` TLS whose chain and host name are verified. Sessions of TLS are resumed among
 * the connections of one connector.
 *
 * It calls back with TargetError; no socket is left open then.
 */
export function createConnector(address: TargetAddress, certificate: ClientCertificate | undefined): buildConnector.connector {
  const trust = address.tls.verify === 'full' ? trustOf(address, address.tls, certificate) : undefined
  let session: Buffer | undefined
  return (_, callback) => {
    const socket = tcpConnect({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    const patience = setTimeout(() => socket.destroy(), CONNECT_MS)
    const failed = (error: TargetError): void => {
      clearTimeout(patience)
      socket.destroy()
      callback(error, null)
    }
    const refused = (error?: NodeJS.ErrnoException): void =>
      failed(new TargetError('GS_HTTP_TARGET_UNREACHABLE', `The target could not be reached (${error?.code ?? 'no answer'}).`))
    const closed = (): void => refused()
    socket.once('error', refused).once('close', closed)
    socket.once('connect', () => {
      socket.off('error', refused).off('close', closed)
      // An error may come while nobody reads; whoever reads next sees that the socket is destroyed.
      socket.on('error', () => undefined)
      if (!trust) {
        clearTimeout(patience)
        return callback(null, socket)
      }
      patience.refresh()
      const options = trust()
      if (!options)
        return failed(
          new TargetError('GS_HTTP_TARGET_NOT_TRUSTED', 'The configured client certificate, key or CA of this target cannot be used.'),
        )
      const secure = tlsConnect({ socket, ...options, ...(session && { session }) })
      const untrusted = (error?: NodeJS.ErrnoException): void => {
        session = undefined
        failed(new TargetError('GS_HTTP_TARGET_NOT_TRUSTED', `TLS with the target failed (${error?.code ?? 'closed'}).`))
      }
      const left = (): void => untrusted()
      secure.on('session', (made) => {
        session = made
      })
      secure.once('error', untrusted).once('close', left)
      secure.once('secureConnect', () => {
        secure.off('error', untrusted).off('close', left)
        secure.on('error', () => undefined)
        clearTimeout(patience)
        callback(null, secure)
      })
    })
  }
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
