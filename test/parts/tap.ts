import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/** All bytes of one connection, each way. */
export interface TappedConnection {
  readonly fromClient: Buffer
  readonly fromServer: Buffer
}

export interface Tap {
  readonly port: number
  /** What went through since the last call, by order of connecting, once every connection is closed. */
  take(): Promise<TappedConnection[]>
  close(): Promise<void>
}

interface Recording {
  readonly fromClient: Buffer[]
  readonly fromServer: Buffer[]
  readonly closed: Promise<unknown>
}

/** Listens on 127.0.0.1, passes every byte on to `target` and back unchanged, and keeps a copy. */
export async function startTap(target: { readonly host: string; readonly port: number }): Promise<Tap> {
  let recordings: Recording[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = createConnection({ ...target, allowHalfOpen: true, noDelay: true })
    const fromClient: Buffer[] = []
    const fromServer: Buffer[] = []
    recordings.push({ fromClient, fromServer, closed: Promise.all([once(client, 'close'), once(upstream, 'close')]) })
    join(client, upstream, fromClient)
    join(upstream, client, fromServer)
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
      return taken.map(({ fromClient, fromServer }) => ({ fromClient: Buffer.concat(fromClient), fromServer: Buffer.concat(fromServer) }))
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function join(from: Socket, to: Socket, copy: Buffer[]): void {
  from.on('data', (chunk: Buffer) => {
    copy.push(chunk)
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
  // A reset on one side is shown to the other as a reset.
  from.on('error', () => to.destroy())
}
