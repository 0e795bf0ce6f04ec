import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Client } from 'pg'
import type { Understanding } from '../../../src/protocols/postgres/sql/index.ts'
import type { RunningPostgres } from '../../parts/postgres.ts'
import { LiveCatalog } from './live-catalog.ts'
import { type Observation, ObservedSession } from './observed-session.ts'

export interface ObservedOptions {
  readonly server: RunningPostgres
  readonly database: string
  readonly understanding: Understanding
  /** Whether the server is asked what this statement did. */
  readonly sampled: () => boolean
  /** Told of every text that a client has sent. */
  readonly observed: (observation: Observation) => void
}

export interface ObservedServer {
  readonly port: number
  readonly catalog: LiveCatalog
  close(): Promise<void>
}

/**
 * Stands between a client and a PostgreSQL that trusts everybody: reads each text as the gateway does, follows its session, and asks the
 * server what some of them did. Clients see nothing of it but that a statement of the sample runs in a transaction.
 */
export async function startObserved(options: ObservedOptions): Promise<ObservedServer> {
  const { server, database } = options
  const observer = new Client({ host: server.host, port: server.port, user: 'postgres', database })
  observer.on('error', () => undefined)
  await observer.connect()
  await observer.query("SET statement_timeout = '2s'; SET lock_timeout = '1s'")
  const catalog = await LiveCatalog.of(server, database)
  const sockets = new Set<Socket>()
  const listener = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: server.host, port: server.port, noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    new ObservedSession(client, upstream, { ...options, catalog, observer })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    catalog,
    async close() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      catalog.close()
      await observer.end()
    },
  }
}

export type { Observation }
