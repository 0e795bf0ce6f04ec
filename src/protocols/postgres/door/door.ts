import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { ClientConnection } from './client-connection.ts'
import { DoorError } from './errors.ts'
import type { DoorLimits, PostgresDoorOptions } from './options.ts'
import { refuse } from './refuse.ts'

const LIMITS: DoorLimits = { loginMs: 10_000, unauthenticated: 200, unauthenticatedPerPeer: 50 }
const KEEP_ALIVE_MS = 60_000

/** Port 0: any free one. */
export interface DoorAddress {
  readonly host: string
  readonly port: number
}

/** Where PostgreSQL clients come in. */
export interface PostgresDoor {
  /** Once. @returns the port in use @throws the system's error where the address cannot be had */
  listen(address: DoorAddress): Promise<number>
  /** Accepts nothing new and closes what has not logged in. Sessions go on: they end by their own signals. */
  closeToNew(): Promise<void>
  /** The same, and cuts what is left. Resolves once every connection is gone. */
  close(): Promise<void>
  /** Connections at this moment, logged in or not. */
  readonly connections: number
}

export function createPostgresDoor(options: PostgresDoorOptions): PostgresDoor {
  const limits = { ...LIMITS, ...options.limits }
  const all = new Set<Socket>()
  const unauthenticated = new Map<Socket, string>()

  /** One machine that connects and never speaks must not keep everybody else out. */
  const full = (peer: string): boolean => {
    if (unauthenticated.size >= limits.unauthenticated) return true
    let own = 0
    for (const other of unauthenticated.values()) if (other === peer) own += 1
    return own >= limits.unauthenticatedPerPeer
  }

  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) => {
    // An error may come while nobody reads; whoever reads next sees that the socket is destroyed.
    socket.on('error', () => undefined)
    all.add(socket)
    socket.once('close', () => all.delete(socket))
    const peer = options.peerOf(socket.remoteAddress ?? '')
    if (full(peer)) return refuse(socket, new DoorError('GS_POSTGRES_DOOR_FULL'))

    unauthenticated.set(socket, peer)
    const timer = setTimeout(() => socket.destroy(), limits.loginMs)
    const known = () => {
      clearTimeout(timer)
      unauthenticated.delete(socket)
    }
    socket.once('close', known)
    void new ClientConnection(socket, options).serve(known)
  })

  let closed: Promise<void> | undefined
  const stopListening = () => {
    // Resolves once the last connection is gone; an error says that it never listened.
    closed ??= new Promise((resolve) => server.close(() => resolve()))
    for (const socket of unauthenticated.keys()) socket.destroy()
    return closed
  }

  return {
    async listen({ host, port }) {
      server.listen({ host, port })
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    },
    async closeToNew() {
      stopListening()
    },
    async close() {
      const stopped = stopListening()
      const gone = [...all].map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy()))
      await Promise.all([stopped, ...gone])
    },
    get connections() {
      return all.size
    },
  }
}
