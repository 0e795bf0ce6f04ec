import { lstatSync, unlinkSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { LocalError } from './errors.ts'
import type { LocalApi } from './local-api.ts'

/** `sun_path` less its NUL, in bytes: unix(7) has 108; macOS and the BSDs have 104. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103

/** @throws LocalError GS_LOCAL_SOCKET_PATH where no socket can have that path */
export function localSocketPath(folder: string): string {
  const path = join(folder, 'gatescribe.sock')
  const length = Buffer.byteLength(path)
  if (length <= LONGEST_PATH) return path
  throw new LocalError(
    'GS_LOCAL_SOCKET_PATH',
    `The path of the local socket has ${length} bytes; the operating system allows ${LONGEST_PATH}.`,
  )
}

export interface LocalListener {
  readonly path: string
  /** Ends what is still streaming, removes the socket. */
  close(): Promise<void>
}

/**
 * Opens the local socket: mode 0600 from its first moment. A socket that nobody answers on is left over from a gateway that
 * died, and is replaced; the caller holds the data folder, so nobody else can be doing the same.
 *
 * @param folder `gateway.data`
 * @param api from `localApi`; closed with the listener
 * @throws LocalError GS_LOCAL_SOCKET_PATH, GS_LOCAL_SOCKET_TAKEN
 */
export async function listenLocally(folder: string, api: LocalApi): Promise<LocalListener> {
  const path = localSocketPath(folder)
  await api.ready()
  await removeStale(path)
  const server = createServer(api.routing satisfies RequestListener)
  await listenPrivately(server, path)
  return {
    path,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await api.close()
    },
  }
}

/** bind(2) makes the socket file with the umask in force. libuv binds within `listen`, so that the umask is changed only for this call. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (error) => reject(new LocalError('GS_LOCAL_SOCKET_TAKEN', undefined, { cause: error })))
  })
  const before = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(before)
  }
  await listening
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket() || (await answers(path))) throw new LocalError('GS_LOCAL_SOCKET_TAKEN')
  unlinkSync(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => resolve(true))
    probe.once('error', () => resolve(false))
    probe.once('close', () => probe.destroy())
    probe.once('connect', () => probe.destroy())
  })
}
