import type { Duplex } from 'node:stream'
import { query } from './wire/build.ts'
import { backend } from './wire/codes.ts'
import { readSqlstate } from './wire/error-response.ts'
import { WireError } from './wire/errors.ts'
import { Framer, HEADER_BYTES } from './wire/framer.ts'
import { readTextRow, type TextRow } from './wire/text-row.ts'

export type { TextRow } from './wire/text-row.ts'

/** Every statement of the gateway's own begins with this, so that the target's log tells them from those of its clients. */
export const OWN = '/* gatescribe */ '

export interface SimpleQueryLimits {
  /** Bytes of one message. */
  readonly message: number
  /** Bytes of the whole answer. */
  readonly answer: number
}

/** The server's SQLSTATE where it refused, absent where it did not. */
export interface SimpleQueryEnd {
  readonly refused?: string
}

/**
 * Runs one Query on a connection that nobody else uses, and leaves it behind ReadyForQuery. Rows are told as they come, so that no more than
 * a chunk of the answer is held, and the event loop turns every few milliseconds.
 *
 * @param row told every row of every result, until the server refuses
 * @throws WireError where the target does not answer as PostgreSQL does, leaves, or answers with more than the limits; then the connection
 *   is of no use any more. The socket's own error; what `row` throws
 */
export async function simpleQuery(
  socket: Duplex,
  text: string,
  limits: SimpleQueryLimits,
  row: (values: TextRow) => void,
): Promise<SimpleQueryEnd> {
  let refused: string | undefined
  let ready = false
  const framer = new Framer(
    {
      message(type, bytes, start, end) {
        if (type === backend.dataRow) row(readTextRow(bytes, start, end))
        else if (type === backend.errorResponse) refused ??= readSqlstate(bytes.subarray(start + HEADER_BYTES, end)) ?? 'XX000'
        else if (type === backend.readyForQuery) ready = true
        return !ready
      },
      piece: () => undefined,
      oversize() {
        throw new WireError('A row of the target is longer than it may be.')
      },
    },
    { assembled: ALL, limit: limits.message },
  )
  socket.write(query(`${OWN}${text}`))
  let received = 0
  let turned = performance.now()
  while (!ready) {
    // One poll of the loop may bring dozens of chunks.
    if (performance.now() - turned > SLICE_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      turned = performance.now()
    }
    const chunk = await nextChunk(socket)
    if (!chunk) throw new WireError('The target closed the connection before it had answered.')
    received += chunk.length
    if (received > limits.answer) throw new WireError('The answer of the target is longer than it may be.')
    const consumed = framer.push(chunk)
    if (consumed < chunk.length) socket.unshift(chunk.subarray(consumed))
  }
  return refused === undefined ? {} : { refused }
}

/** How long rows are read before the event loop turns. */
const SLICE_MS = 5

const ALL = Array.from({ length: 256 }, (_, type) => type)

/** What is there to read of a socket that nobody else reads; undefined where the peer ended or left. @throws the socket's own error */
function nextChunk(socket: Duplex): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      socket.off('readable', attempt).off('end', ended).off('close', ended).off('error', failed)
    }
    const attempt = () => {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      stop()
      resolve(chunk)
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
