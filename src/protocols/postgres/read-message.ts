import type { Duplex } from 'node:stream'
import { WireError } from './wire/errors.ts'

/** A message after start-up: its type and what follows its length. */
export interface Message {
  readonly type: number
  readonly body: Buffer
}

/**
 * Exactly so many bytes from a socket that nobody else reads. What came behind them stays in the socket, so that TLS or the
 * relay can take over at any message boundary.
 *
 * @returns undefined where the peer ended or left before they came
 * @throws the socket's own error
 */
export function readExactly(socket: Duplex, bytes: number): Promise<Buffer | undefined> {
  if (bytes === 0) return Promise.resolve(Buffer.alloc(0))
  return new Promise((resolve, reject) => {
    const stop = () => {
      socket.off('readable', attempt).off('end', ended).off('close', ended).off('error', failed)
    }
    const attempt = () => {
      // Null until all of them are there; fewer only where the stream has ended.
      const chunk: Buffer | null = socket.read(bytes)
      if (chunk === null) return
      stop()
      resolve(chunk.length === bytes ? chunk : undefined)
    }
    const ended = () => {
      stop()
      resolve(undefined)
    }
    const failed = (error: Error) => {
      stop()
      reject(error)
    }
    if (socket.destroyed || socket.readableEnded) return resolve(undefined)
    socket.on('readable', attempt).on('end', ended).on('close', ended).on('error', failed)
    attempt()
  })
}

/**
 * The next message of a socket that nobody else reads.
 * @param longest bytes that its body may have
 * @returns undefined where the peer ended or left
 * @throws WireError where it announces another length, before reading it; the socket's own error
 */
export async function readMessage(socket: Duplex, longest: number): Promise<Message | undefined> {
  const header = await readExactly(socket, 5)
  if (!header) return undefined
  const length = header.readUInt32BE(1) - 4
  if (length < 0 || length > longest) throw new WireError('A message before the end of the log-in has an impossible length.')
  const body = await readExactly(socket, length)
  return body && { type: header[0]!, body }
}

/** Everything that is buffered in a socket, which is paused by this. */
export function takeRest(socket: Duplex): Buffer {
  socket.pause()
  return socket.read() ?? Buffer.alloc(0)
}
