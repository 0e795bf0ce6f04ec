import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { ClientConnection, responseOn } from './client-connection.ts'
import { HttpsDoorError } from './errors.ts'
import { garbageAnswer } from './garbage.ts'
import { DEFAULT_LIMITS, type HttpsDoorOptions, type Vouched } from './options.ts'
import { Seats } from './seats.ts'

/** Bytes of a head. */
const LONGEST_HEAD = 32_768
const KEEP_ALIVE_MS = 60_000

/** Port 0: any free one. */
export interface HttpsDoorAddress {
  readonly host: string
  readonly port: number
}

/** Where clients of everything that is spoken to in HTTP come in. */
export interface HttpsDoor {
  /** Once. @returns the port in use @throws the system's error where the address cannot be had */
  listen(address: HttpsDoorAddress): Promise<number>
  /** Serves a connection whose TLS is done already, as a run's: what else comes as a credential on it is dropped, and noted. */
  adopt(socket: TLSSocket, vouched: Vouched): void
  /** Presents these from now on. */
  setTls(tls: TlsOptions): void
  /** Accepts nothing new, and closes what has nothing under way. What is under way goes on: it ends by the signals of its sessions. */
  closeToNew(): Promise<void>
  /** The same, and cuts what is left. Resolves once every connection is gone. */
  close(): Promise<void>
  /** Connections at this moment, known or not. */
  readonly connections: number
}

export function createHttpsDoor(options: HttpsDoorOptions): HttpsDoor {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const raw = new Set<Socket>()
  const connections = new Map<Socket, ClientConnection>()
  /** By address and port: the connection below TLS, and the peer that it is counted for. */
  const unauthenticated = new Map<string, { readonly socket: Socket; readonly peer: string; readonly timer: NodeJS.Timeout }>()
  const seats = new Seats(limits.connectionsPerRun)
  const vouchers = new WeakMap<Socket, Vouched>()
  let draining = false

  /** One machine that connects and never speaks must not keep everybody else out. */
  const full = (peer: string): boolean => {
    if (unauthenticated.size >= limits.unauthenticated) return true
    let own = 0
    for (const other of unauthenticated.values()) if (other.peer === peer) own += 1
    return own >= limits.unauthenticatedPerPeer
  }
  const known = (key: string) => {
    clearTimeout(unauthenticated.get(key)?.timer)
    unauthenticated.delete(key)
  }

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
  server.on('connection', (socket: Socket) => {
    // An error may come while nobody reads; whoever reads next sees that the socket is destroyed.
    socket.on('error', () => undefined)
    const peer = options.peerOf(socket.remoteAddress ?? '')
    if (draining || full(peer)) return void socket.destroy()
    const key = keyOf(socket)
    raw.add(socket)
    unauthenticated.set(key, { socket, peer, timer: setTimeout(() => socket.destroy(), limits.loginMs) })
    socket.once('close', () => {
      raw.delete(socket)
      known(key)
    })
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())

  const connectionOf = (socket: Socket): ClientConnection => {
    const made = connections.get(socket)
    if (made) return made
    const key = keyOf(socket)
    const connection = new ClientConnection(socket, options, limits, { known: () => known(key), seats, vouched: vouchers.get(socket) })
    connections.set(socket, connection)
    socket.on('error', () => undefined)
    socket.once('close', () => connections.delete(socket))
    if (draining) connection.drain()
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

  let closed: Promise<void> | undefined
  const stopListening = (): Promise<void> => {
    draining = true
    // Resolves once the last connection is gone; an error says that it never listened.
    closed ??= new Promise((resolve) => server.close(() => resolve()))
    for (const { socket } of [...unauthenticated.values()]) socket.destroy()
    for (const connection of connections.values()) connection.drain()
    return closed
  }

  return {
    async listen({ host, port }) {
      server.listen({ host, port })
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    },
    adopt(socket, vouched) {
      if (draining) return void socket.destroy()
      vouchers.set(socket, vouched)
      server.emit('secureConnection', socket)
      return undefined
    },
    setTls: (tls) => server.setSecureContext(tls),
    async closeToNew() {
      void stopListening()
    },
    async close() {
      const stopped = stopListening()
      for (const socket of [...raw]) socket.destroy()
      for (const socket of [...connections.keys()]) socket.destroy()
      await stopped
    },
    get connections() {
      return raw.size
    },
  }
}

/** The connection below TLS and the one within have the same. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

/** @returns undefined where nobody is left to be told */
function garbageErrorOf({ code = '' }: NodeJS.ErrnoException): HttpsDoorError | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpsDoorError('GS_HTTPS_HEAD_TOO_LARGE')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new HttpsDoorError('GS_HTTPS_BODY_SLOW', 'The head of the request did not come in time.')
  if (code === 'HPE_INVALID_METHOD') return new HttpsDoorError('GS_HTTPS_METHOD_REFUSED')
  if (code === 'HPE_INVALID_VERSION') return new HttpsDoorError('GS_HTTPS_VERSION')
  return code.startsWith('HPE_') ? new HttpsDoorError('GS_HTTPS_MALFORMED') : undefined
}
