import { createServer } from 'node:net'
import { type Door, Listening, STRANGER_LIMITS, Strangers } from '../../door/index.ts'
import { ClientConnection } from './client-connection.ts'
import { DoorError } from './errors.ts'
import type { PostgresDoorOptions } from './options.ts'
import { refuse } from './refuse.ts'

const KEEP_ALIVE_MS = 60_000

/** Where PostgreSQL clients come in. */
export function createPostgresDoor(options: PostgresDoorOptions): Door {
  const strangers = new Strangers({ ...STRANGER_LIMITS, ...options.limits })
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) => {
    if (!strangers.enter(socket, options.peerOf(socket.remoteAddress ?? ''))) return refuse(socket, new DoorError('GS_POSTGRES_DOOR_FULL'))
    void new ClientConnection(socket, options).serve(() => strangers.becomesKnown(socket))
  })
  return new Listening(server, strangers)
}
