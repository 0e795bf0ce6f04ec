import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { TLSSocket, TlsOptions } from 'node:tls'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from 'fastify'
import { ConnectorError, type Connectors, channelBinding, ENROL_PATH } from '../../connector/index.ts'
import type { Throttle } from '../../identity/index.ts'
import { httpDoor, listenOn, type Misfit } from '../http/door.ts'
import { refuse, toldOf } from './answers.ts'
import { enrolSchema } from './schemas.ts'
import { tunnelUpgrade } from './tunnel-upgrade.ts'

export interface ConnectorDoorOptions {
  readonly connectors: Pick<Connectors, 'enrol' | 'prove' | 'attach'>
  /** Names under which this door may be addressed (Host, and TLS server name): those of `gateway.tls`. */
  readonly names: readonly string[]
  /** Certificate and key, or an SNICallback. There is no such door without TLS: it is what proofs are bound to. */
  readonly tls: TlsOptions
  /** All requests, per address. */
  readonly throttle: Throttle
  /** How long one may take for the TLS handshake, and then for each request, ms. Default 10,000. */
  readonly patience?: number
  /** Gets method, path, status and request id; never a header or body. */
  readonly logger?: FastifyBaseLogger
}

export interface ConnectorDoor {
  /** @returns the port in use */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>
  /** From now on, for new connections. */
  setTls(tls: TlsOptions): void
  /** Takes no more connections, and ends what is idle. Links are ended by whoever opened the room. */
  close(): Promise<void>
}

/** A token of a large cluster reaches a few KiB. */
const BODY_LIMIT = 64 * 1024

/** The door that connectors dial: enrolment, and tunnels. docs/decisions/connector.md. */
export function connectorDoor(options: ConnectorDoorOptions): ConnectorDoor {
  const server = httpDoor({
    ...options,
    // Proofs are over what only TLS 1.3 gives both ends (RFC 9266 §4.2).
    tls: { ...options.tls, minVersion: 'TLSv1.3' },
    bodyLimit: BODY_LIMIT,
    contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
    refuse: refuseMisfit,
  })
  server.removeContentTypeParser('text/plain')
  server.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) => {
    const isTheirs = error.statusCode !== undefined && error.statusCode < 500
    if (isTheirs) return refuse(reply, new ConnectorError('GS_CONNECTOR_REQUEST_INVALID'))
    if (!(error instanceof ConnectorError))
      request.log.error({ err: { name: error.name, message: error.message } }, 'door for connectors failed')
    return refuse(reply, toldOf(error))
  })
  server.setNotFoundHandler((_request, reply) => refuse(reply, new ConnectorError('GS_CONNECTOR_REQUEST_INVALID')))
  enrolRoute(server, options)
  tunnelUpgrade(server.server as Server, { ...options, names: new Set(options.names.map((name) => name.toLowerCase())) })
  return {
    listen: (address) => listenOn(server, address),
    setTls: (tls) => (server.server as unknown as SecureServer).setSecureContext({ ...tls, minVersion: 'TLSv1.3' }),
    close: () => server.close(),
  }
}

function enrolRoute(server: FastifyInstance, { connectors }: ConnectorDoorOptions): void {
  server.post(ENROL_PATH, async (request, reply) => {
    const body = enrolSchema.safeParse(request.body)
    if (!body.success) throw new ConnectorError('GS_CONNECTOR_REQUEST_INVALID')
    const binding = channelBinding(request.raw.socket as TLSSocket)
    if (!binding) throw new ConnectorError('GS_CONNECTOR_PROOF_INVALID')
    const { name, publicKey, proof, token, workloadToken } = body.data
    const enrolled = await connectors.enrol(
      {
        ...(name !== undefined && { name }),
        ...{ publicKey: Buffer.from(publicKey, 'base64url'), proof: Buffer.from(proof, 'base64url') },
        with: token !== undefined ? { token } : { workloadToken: workloadToken! },
      },
      { address: request.ip, binding },
    )
    return reply.send(enrolled)
  })
}

function refuseMisfit(reply: FastifyReply, why: Misfit): FastifyReply {
  if (typeof why === 'object') return refuse(reply, new ConnectorError('GS_CONNECTOR_THROTTLED'))
  return refuse(reply, new ConnectorError(why === 'not-a-path' ? 'GS_CONNECTOR_REQUEST_INVALID' : 'GS_CONNECTOR_MISDIRECTED'))
}
