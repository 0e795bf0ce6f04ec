import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { readErrorFields } from '../../src/protocols/postgres/wire/error-response.ts'
import { buildStartup } from '../../src/protocols/postgres/wire/startup.ts'

/** One message of a server. */
export interface ServerMessage {
  readonly type: string
  readonly body: Buffer
}

/** A client that sends exactly the bytes it is told, and shows exactly what comes back. */
export interface RawPostgres {
  readonly socket: Socket
  readonly processId: number
  readonly key: Buffer
  /** Everything received so far, in order. */
  readonly received: ServerMessage[]
  send(...messages: Uint8Array[]): void
  /** Waits until this many ReadyForQuery came since the last call, and takes what came up to there. */
  until(readies?: number): Promise<ServerMessage[]>
  /** Waits for the next message of that type and takes everything up to it. */
  untilType(type: string): Promise<ServerMessage[]>
  /** Waits until the server closed, and takes the rest. */
  untilClosed(): Promise<ServerMessage[]>
}

/** Logs in where no password is asked for. @param minor protocol 3.0 or 3.2 */
export async function connectRaw(port: number, minor: 0 | 2 = 0): Promise<RawPostgres> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  let buffered = Buffer.alloc(0)
  const received: ServerMessage[] = []
  let closed = false
  socket.on('error', () => undefined)
  socket.on('close', () => {
    closed = true
  })
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    let at = 0
    for (; buffered.length - at >= 5; ) {
      const length = buffered.readUInt32BE(at + 1)
      if (buffered.length - at < 1 + length) break
      received.push({ type: String.fromCharCode(buffered[at]!), body: Buffer.from(buffered.subarray(at + 5, at + 1 + length)) })
      at += 1 + length
    }
    buffered = buffered.subarray(at)
  })
  const waitFor = async (found: () => number): Promise<ServerMessage[]> => {
    for (let waited = 0; ; waited += 1) {
      const count = found()
      if (count >= 0) return received.splice(0, count)
      if (closed) throw new Error(`closed after ${received.map(({ type }) => type).join('')}`)
      if (waited > 10_000) throw new Error(`nothing more came after ${received.map(({ type }) => type).join('')}`)
      await sleep(1)
    }
  }
  const raw = {
    socket,
    received,
    send: (...messages: Uint8Array[]) => void socket.write(Buffer.concat(messages)),
    until: (readies = 1) =>
      waitFor(() => {
        let seen = 0
        return received.findIndex(({ type }) => type === 'Z' && ++seen === readies) + 1 || -1
      }),
    untilType: (wanted: string) => waitFor(() => received.findIndex(({ type }) => type === wanted) + 1 || -1),
    untilClosed: () => waitFor(() => (closed ? received.length : -1)),
  }
  await once(socket, 'connect')
  socket.write(
    buildStartup(minor, [
      ['user', 'postgres'],
      ['database', 'postgres'],
    ]),
  )
  const greeting = await raw.until()
  const keyData = greeting.find(({ type }) => type === 'K')!.body
  return { ...raw, processId: keyData.readInt32BE(0), key: keyData.subarray(4) }
}

/** Sends a CancelRequest on a connection of its own and waits until it is closed. */
export async function sendRawCancel(port: number, processId: number, key: Uint8Array): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  const packet = Buffer.alloc(12 + key.length)
  packet.writeUInt32BE(packet.length, 0)
  packet.writeUInt32BE(80877102, 4)
  packet.writeInt32BE(processId, 8)
  packet.set(key, 12)
  const answer: Buffer[] = []
  socket.on('data', (chunk: Buffer) => answer.push(chunk))
  socket.on('error', () => undefined)
  socket.write(packet)
  await once(socket, 'close')
  return Buffer.concat(answer)
}

/** Types in order: `12TDCZ`. */
export function types(messages: readonly ServerMessage[]): string {
  return messages.map(({ type }) => type).join('')
}

/** The fields of the first error among them. */
export function errorIn(messages: readonly ServerMessage[]): ReadonlyMap<string, string> {
  const error = messages.find(({ type }) => type === 'E')
  if (!error) throw new Error(`no error among ${types(messages)}`)
  return readErrorFields(error.body)!
}

/** The first column of each row, as text. */
export function firstColumn(messages: readonly ServerMessage[]): string[] {
  return messages.filter(({ type }) => type === 'D').map(({ body }) => body.toString('utf8', 6, 6 + body.readInt32BE(2)))
}

/** The letter of the last ReadyForQuery: I, T or E. */
export function transactionStatus(messages: readonly ServerMessage[]): string {
  return messages
    .filter(({ type }) => type === 'Z')
    .at(-1)!
    .body.toString()
}
