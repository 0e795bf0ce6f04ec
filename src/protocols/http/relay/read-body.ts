import { Readable } from 'node:stream'

/** What was read of a body, and what is left. */
export type ReadBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** More than was to be read: all of it, from its beginning. */
  | { readonly kind: 'large'; readonly stream: Readable }

/**
 * Reads a body to its end, or as far as it is looked at. Takes as much memory as it has bytes, in whatever pieces they come.
 * @param length bytes, where the client says it. @param most bytes that are read
 * @throws whatever the stream breaks with; the signal's reason
 */
export async function readBody(body: Readable, length: number | undefined, most: number, signal: AbortSignal): Promise<ReadBody> {
  if (length === 0) return { kind: 'none' }
  if (length !== undefined && length > most) return { kind: 'large', stream: body }
  const gathered = new Gathered()
  for (;;) {
    signal.throwIfAborted()
    // Everything that is there, in one piece.
    const piece = body.read() as Buffer | null
    if (piece !== null) {
      gathered.add(piece)
      if (gathered.bytes.length > most) return { kind: 'large', stream: Readable.from(joined(gathered.bytes, body), { objectMode: false }) }
    } else if (body.errored) throw body.errored
    else if (body.readableEnded) break
    else await more(body, signal)
  }
  return gathered.bytes.length === 0 ? { kind: 'none' } : { kind: 'whole', bytes: gathered.bytes }
}

/** Bytes in one piece, which grows by doubling: pieces of one byte each would take a hundred times their size. */
export class Gathered {
  #room: Buffer = Buffer.alloc(0)
  #size = 0

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#size)
  }

  add(piece: Uint8Array): void {
    const size = this.#size + piece.length
    if (size > this.#room.length) {
      const room = Buffer.alloc(this.#size === 0 ? size : Math.max(size, this.#room.length * 2))
      room.set(this.bytes)
      this.#room = room
    }
    this.#room.set(piece, this.#size)
    this.#size = size
  }
}

/** There is more to read, or it is over. @throws whatever the stream breaks with; the signal's reason */
function more(body: Readable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = () => {
      body.off('readable', come).off('end', come).off('error', broken).off('close', closed)
      signal.removeEventListener('abort', left)
    }
    const come = () => {
      forget()
      resolve()
    }
    const broken = (error: Error) => {
      forget()
      reject(error)
    }
    const closed = () => broken(body.errored ?? new Error('the body broke off'))
    const left = () => broken(signal.reason as Error)
    body.on('readable', come).on('end', come).on('error', broken).on('close', closed)
    signal.addEventListener('abort', left, { once: true })
    if (body.destroyed && !body.readableEnded) closed()
  })
}

async function* joined(begun: Buffer, rest: Readable): AsyncGenerator<unknown> {
  yield begun
  yield* rest.iterator({ destroyOnReturn: false })
}
