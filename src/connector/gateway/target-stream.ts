import type { ClientHttp2Stream } from 'node:http2'

/** How much went through, bytes. */
export interface Carried {
  /** From the target. */
  in: number
  /** To it. */
  out: number
}

/** What became of one stream so far. */
export interface StreamAccount extends Carried {
  /** Whoever used it destroyed it before it had ended by itself. */
  dropped: boolean
}

/** How long what was written before an end may take to go out, ms. */
const LINGER_MS = 1_000

/**
 * Makes of a CONNECT stream what a socket would be to whoever uses it. It is not wrapped in another stream, because each of those costs every
 * chunk a turn: what it counts, it counts where Node hands chunks over.
 */
export function asTargetStream(stream: ClientHttp2Stream, account: StreamAccount): ClientHttp2Stream {
  // A stream may break off while nobody listens to it; whoever uses it hears of that through its own listener or `close`.
  stream.on('error', () => undefined)
  const push = stream.push.bind(stream)
  stream.push = (chunk: Buffer | null, encoding) => {
    if (chunk !== null) account.in += chunk.length
    return push(chunk, encoding)
  }
  const write = stream._write.bind(stream)
  stream._write = (chunk: Buffer, encoding, done) => {
    account.out += chunk.length
    write(chunk, encoding, done)
  }
  const writev = stream._writev?.bind(stream)
  stream._writev = (chunks, done) => {
    for (const { chunk } of chunks) account.out += (chunk as Buffer).length
    writev?.(chunks, done)
  }
  const destroy = stream.destroy.bind(stream)
  stream.destroy = (error) => {
    if (!stream.closed && !stream.destroyed) {
      account.dropped = true
      if (!error && stream.writableLength > 0) return lingering(stream, destroy)
    }
    return destroy(error)
  }
  return stream
}

/** A socket that is destroyed has handed what was written to the kernel; here it is about to be. */
function lingering(stream: ClientHttp2Stream, destroy: ClientHttp2Stream['destroy']): ClientHttp2Stream {
  const done = () => {
    clearTimeout(timer)
    destroy()
  }
  const timer = setTimeout(done, LINGER_MS)
  stream.once('close', done)
  if (stream.writableEnded) stream.once('finish', done)
  else stream.end(done)
  return stream
}
