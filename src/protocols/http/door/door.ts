import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { type Door, Listening, Seats, Strangers } from '../../door/index.ts'
import { ClientConnection, responseOn } from './client-connection.ts'
import { HttpsDoorError } from './errors.ts'
import { garbageAnswer } from './garbage.ts'
import { DEFAULT_LIMITS, type HttpsDoorOptions, type Vouched } from './options.ts'

/** Bytes of a head. */
const LONGEST_HEAD = 32_768
const KEEP_ALIVE_MS = 60_000

/** Where clients of everything that is spoken to in HTTP come in. Closed to new ones, it also closes what has nothing under way. */
export interface HttpsDoor extends Door {
  /** Serves a connection whose TLS is done already, as a run's: what else comes as a credential on it is dropped, and noted. */
  adopt(socket: TLSSocket, vouched: Vouched): void
  /** Presents these from now on. */
  setTls(tls: TlsOptions): void
}

export function createHttpsDoor(options: HttpsDoorOptions): HttpsDoor {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const connections = new Map<Socket, ClientConnection>()
  const strangers = new Strangers(limits)
  const seats = new Seats(limits.connectionsPerRun)
  const vouchers = new WeakMap<Socket, Vouched>()

  const server = createServer({
    ...options.tls,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.loginMs,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    keepAliveTimeout: limits.idleMs,
    headersTimeout: limits.headMs,
    // Bodies are watched while they are read: they may last as long as they come.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1_000, limits.headMs / 2),
    maxHeaderSize: LONGEST_HEAD,
    insecureHTTPParser: false,
    requireHostHeader: false,
    joinDuplicateHeaders: false,
  })
  // Node drops what comes behind so many, without a word; the door counts itself.
  server.maxHeadersCount = 0
  const listening = new Listening(server, strangers)
  server.on('connection', (socket: Socket) => {
    if (listening.closedToNew || !strangers.enter(socket, options.peerOf(socket.remoteAddress ?? ''))) socket.destroy()
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())

  const connectionOf = (socket: Socket): ClientConnection => {
    const made = connections.get(socket)
    if (made) return made
    const known = () => strangers.becomesKnown(socket)
    const connection = new ClientConnection(socket, options, limits, { known, seats, vouched: vouchers.get(socket) })
    connections.set(socket, connection)
    socket.on('error', () => undefined)
    socket.once('close', () => connections.delete(socket))
    if (listening.closedToNew) connection.drain()
    return connection
  }
  const take = (message: IncomingMessage, response: ServerResponse) => connectionOf(message.socket).take(message, response)
  server.on('request', take)
  // The body decides when the client is told to go on; what else it expects is refused with the rest of the head.
  server.on('checkContinue', take)
  server.on('checkExpectation', take)
  server.on('upgrade', (message: IncomingMessage, socket, head: Buffer) =>
    connectionOf(message.socket).take(message, responseOn(message, socket), { socket, head }),
  )
  server.on('connect', (_message: IncomingMessage, socket) => {
    socket.on('error', () => undefined)
    socket.end(garbageAnswer(new HttpsDoorError('GS_HTTPS_METHOD_REFUSED')))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const connection = connections.get(socket as Socket)
    const spoken = garbageErrorOf(error)
    if (!spoken || !socket.writable) return void socket.destroy()
    // What is under way may have been said in part: this must not be taken for the rest.
    if (connection?.garbage(spoken) === false) return undefined
    options.log.debug({ code: spoken.code }, 'What came is no request')
    socket.end(garbageAnswer(spoken))
    // What is unread would turn our close into a reset that eats the answer.
    socket.resume()
    setTimeout(() => socket.destroy(), 1_000).unref()
    return undefined
  })

  return {
    listen: (address) => listening.listen(address),
    adopt(socket, vouched) {
      if (listening.closedToNew) return void socket.destroy()
      vouchers.set(socket, vouched)
      server.emit('secureConnection', socket)
      return undefined
    },
    setTls: (tls) => server.setSecureContext(tls),
    async closeToNew() {
      await listening.closeToNew()
      for (const connection of connections.values()) connection.drain()
    },
    async close() {
      const closed = listening.close()
      for (const socket of [...connections.keys()]) socket.destroy()
      await closed
    },
    get connections() {
      return listening.connections
    },
  }
}

/** @returns undefined where nobody is left to be told */
function garbageErrorOf({ code = '' }: NodeJS.ErrnoException): HttpsDoorError | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpsDoorError('GS_HTTPS_HEAD_TOO_LARGE')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new HttpsDoorError('GS_HTTPS_BODY_SLOW', 'The head of the request did not come in time.')
  if (code === 'HPE_INVALID_METHOD') return new HttpsDoorError('GS_HTTPS_METHOD_REFUSED')
  if (code === 'HPE_INVALID_VERSION') return new HttpsDoorError('GS_HTTPS_VERSION')
  return code.startsWith('HPE_') ? new HttpsDoorError('GS_HTTPS_MALFORMED') : undefined
}
