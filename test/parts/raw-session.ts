import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface RawSessionOptions {
  readonly port: number
  /** The CA of the other end, PEM: TLS is asked for first. Without it the session is in the clear. */
  readonly ca?: string
  /** `3.0` */
  readonly protocol: string
  /** The start-up packet's, in this order. */
  readonly settings: Readonly<Record<string, string>>
}

/** A PostgreSQL session of bare bytes, for what no driver does. The other end must let it in without asking anything. */
export interface RawSession {
  send(bytes: Buffer): void
  /** Resolves once the log-in is over: ReadyForQuery has come, or an error. */
  loggedIn(): Promise<void>
  /** Resolves once so many more messages have come, or the other end has closed. */
  messages(count: number): Promise<void>
  /** Everything that came since the start: whole messages and whatever stands behind them. */
  readonly received: () => Buffer
  close(): Promise<void>
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

/** Connects and sends the start-up packet; what the other end says to it is the first that `messages` waits for. */
export async function openRawSession(options: RawSessionOptions): Promise<RawSession> {
  const socket = await connected(options)
  let received = Buffer.alloc(0)
  const types: string[] = []
  let at = 0
  let awaited = 0
  let wake = () => {}
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (at + 5 <= received.length && at + 1 + received.readUInt32BE(at + 1) <= received.length) {
      types.push(String.fromCharCode(received[at]!))
      at += 1 + received.readUInt32BE(at + 1)
    }
    wake()
  })
  socket.on('close', () => wake())
  socket.on('error', () => wake())
  const until = async (holds: () => boolean) => {
    while (!holds() && !socket.destroyed) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const [major, minor] = options.protocol.split('.').map(Number) as [number, number]
  socket.write(startupPacket(major, minor, options.settings))
  return {
    send: (bytes) => void socket.write(bytes),
    async loggedIn() {
      await until(() => types.includes('Z') || types.includes('E'))
      awaited = types.length
    },
    async messages(count) {
      awaited += count
      await until(() => types.length >= awaited)
    },
    received: () => received,
    async close() {
      if (socket.destroyed) return
      socket.end()
      await once(socket, 'close')
    },
  }
}

async function connected({ port, ca }: RawSessionOptions): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  if (ca === undefined) return socket
  socket.write(SSL_REQUEST)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  if (answer.toString() !== 'S') throw new Error(`the other end has no TLS: ${answer.toString('latin1')}`)
  const secure = connectTls({ socket, ca, servername: 'localhost' })
  await once(secure, 'secureConnect')
  return secure
}

function startupPacket(major: number, minor: number, settings: Readonly<Record<string, string>>): Buffer {
  const fields = Object.entries(settings).flat()
  const body = Buffer.from(`${fields.join('\0')}\0\0`)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 8, 0)
  head.writeUInt16BE(major, 4)
  head.writeUInt16BE(minor, 6)
  return Buffer.concat([head, body])
}
