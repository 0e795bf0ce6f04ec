import { Readable } from 'node:stream'
import { KubernetesError } from '../errors.ts'
import { MAX_BODY } from '../request/index.ts'

/** What was read of a body, and what is left. */
export type CarriedBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** More than is read: all of it, from its beginning. */
  | { readonly kind: 'large'; readonly stream: Readable }

/**
 * Reads a body to its end, or as far as an API server would.
 * @throws whatever the stream breaks with; the signal's reason
 */
export async function carriedBody(body: Readable, length: number | undefined, signal: AbortSignal): Promise<CarriedBody> {
  if (length === 0) return { kind: 'none' }
  if (length !== undefined && length > MAX_BODY) return { kind: 'large', stream: body }
  const chunks: Buffer[] = []
  let size = 0
  const parts: AsyncIterator<unknown> = body.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  const gone = aborted(signal)
  try {
    for (;;) {
      const part = await Promise.race([parts.next(), gone.promise])
      if (part.done) break
      if (!(part.value instanceof Uint8Array)) throw new KubernetesError('GS_K8S_BODY')
      chunks.push(Buffer.from(part.value.buffer, part.value.byteOffset, part.value.byteLength))
      size += part.value.byteLength
      if (size > MAX_BODY) return { kind: 'large', stream: Readable.from(joined(chunks, parts), { objectMode: false }) }
    }
  } finally {
    gone.forget()
  }
  return size === 0 ? { kind: 'none' } : { kind: 'whole', bytes: Buffer.concat(chunks, size) }
}

async function* joined(chunks: readonly Buffer[], rest: AsyncIterator<unknown>): AsyncGenerator<unknown> {
  yield* chunks
  for (let part = await rest.next(); !part.done; part = await rest.next()) yield part.value
}

/** A promise that rejects when the signal aborts. */
function aborted(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  promise.catch(() => {})
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return { promise, forget: () => signal.removeEventListener('abort', abort) }
}
