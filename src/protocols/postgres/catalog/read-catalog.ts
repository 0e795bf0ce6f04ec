import type { PostgresTarget } from '../target.ts'
import { terminate } from '../wire/build.ts'
import { readSnapshot } from './read-snapshot.ts'
import { createCatalogInSlices, type SharedCatalog } from './shared-catalog.ts'

/** `catalog` is absent where nothing has changed since what the caller knows. */
export interface ReadCatalog {
  readonly fingerprint: string
  readonly catalog?: SharedCatalog
}

/**
 * Reads a catalog over a connection of its own, which is closed behind it.
 *
 * @param connect logs in at the target's database
 * @param signal ends it at once, also in the middle
 * @param known fingerprint of what the caller has
 * @throws what `connect` and `readSnapshot` throw
 */
export async function readCatalog(
  connect: (signal: AbortSignal) => Promise<PostgresTarget>,
  signal: AbortSignal,
  known?: string,
): Promise<ReadCatalog> {
  const target = await connect(signal)
  const { socket } = target
  const end = () => socket.destroy()
  // The reader listens while it reads; what comes in between must not end the process.
  socket.on('error', end)
  signal.addEventListener('abort', end)
  try {
    signal.throwIfAborted()
    const { fingerprint, snapshot } = await readSnapshot(target, known)
    socket.end(terminate())
    return snapshot ? { fingerprint, catalog: await createCatalogInSlices(snapshot) } : { fingerprint }
  } finally {
    signal.removeEventListener('abort', end)
    if (!socket.writableEnded) socket.destroy()
  }
}
