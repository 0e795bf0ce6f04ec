import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/** All bytes of one connection, each way. */
export interface TappedConnection {
  readonly fromClient: Buffer
  readonly fromServer: Buffer
  /** The same in the order of passing, alternating between the two sides. */
  readonly turns: readonly Turn[]
}

export interface Turn {
  readonly from: 'client' | 'server'
  readonly bytes: Buffer
}

export interface Tap {
  readonly port: number
  /** What went through since the last call, by order of connecting, once every connection is closed. */
  take(): Promise<TappedConnection[]>
  close(): Promise<void>
}

interface Recording {
  readonly chunks: Turn[]
  readonly closed: Promise<unknown>
}

/** Listens on 127.0.0.1, passes every byte on to `target` and back unchanged, and keeps a copy. */
export async function startTap(target: { readonly host: string; readonly port: number }): Promise<Tap> {
  let recordings: Recording[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = createConnection({ ...target, allowHalfOpen: true, noDelay: true })
    const chunks: Turn[] = []
    recordings.push({ chunks, closed: Promise.all([closing(client), closing(upstream)]) })
    join(client, upstream, (bytes) => chunks.push({ from: 'client', bytes }))
    join(upstream, client, (bytes) => chunks.push({ from: 'server', bytes }))
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async take() {
      const taken = recordings
      recordings = []
      await Promise.all(taken.map(({ closed }) => closed))
      return taken.map(({ chunks }) => ({
        fromClient: allFrom('client', chunks),
        fromServer: allFrom('server', chunks),
        turns: turnsOf(chunks),
      }))
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function allFrom(side: Turn['from'], chunks: readonly Turn[]): Buffer {
  return Buffer.concat(chunks.filter(({ from }) => from === side).map(({ bytes }) => bytes))
}

function turnsOf(chunks: readonly Turn[]): Turn[] {
  const turns: { from: Turn['from']; bytes: Buffer[] }[] = []
  for (const { from, bytes } of chunks) {
    const last = turns.at(-1)
    if (last?.from === from) last.bytes.push(bytes)
    else turns.push({ from, bytes: [bytes] })
  }
  return turns.map(({ from, bytes }) => ({ from, bytes: Buffer.concat(bytes) }))
}

/** Unlike `once`, does not fail where the socket ends with a reset. */
function closing(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve))
}

function join(from: Socket, to: Socket, keep: (bytes: Buffer) => void): void {
  from.on('data', (chunk: Buffer) => {
    keep(chunk)
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
  // A reset on one side is shown to the other as a reset.
  from.on('error', () => to.destroy())
}
