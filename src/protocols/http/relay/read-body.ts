import { Readable } from 'node:stream'

/** What was read of a body, and what is left. */
export type ReadBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** More than was to be read: all of it, from its beginning. */
  | { readonly kind: 'large'; readonly stream: Readable }

/**
 * Reads a body to its end, or as far as it is looked at.
 * @param length bytes, where the client says it. @param most bytes that are read
 * @throws whatever the stream breaks with; the signal's reason
 */
export async function readBody(body: Readable, length: number | undefined, most: number, signal: AbortSignal): Promise<ReadBody> {
  if (length === 0) return { kind: 'none' }
  if (length !== undefined && length > most) return { kind: 'large', stream: body }
  const chunks: Buffer[] = []
  let size = 0
  const parts: AsyncIterator<unknown> = body.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  const gone = Promise.withResolvers<never>()
  gone.promise.catch(() => undefined)
  const leave = () => gone.reject(signal.reason)
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    for (;;) {
      const part = await Promise.race([parts.next(), gone.promise])
      if (part.done) break
      chunks.push(part.value as Buffer)
      size += (part.value as Buffer).length
      if (size > most) return { kind: 'large', stream: Readable.from(joined(chunks, parts), { objectMode: false }) }
    }
  } finally {
    signal.removeEventListener('abort', leave)
  }
  return size === 0 ? { kind: 'none' } : { kind: 'whole', bytes: Buffer.concat(chunks, size) }
}

async function* joined(chunks: readonly Buffer[], rest: AsyncIterator<unknown>): AsyncGenerator<unknown> {
  yield* chunks
  for (let part = await rest.next(); !part.done; part = await rest.next()) yield part.value
}
