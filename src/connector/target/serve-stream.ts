import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { ConnectorError } from '../errors.ts'
import { STREAM_STATUS } from '../links.ts'
import { CODE_HEADER } from '../words.ts'
import { type AllowedTarget, splitTarget } from './allowed-target.ts'
import { carry } from './carry.ts'
import { openTarget, type Target } from './open-target.ts'

/** A stream that is, or is about to be, connected to its target. */
export interface ServedStream {
  readonly target: Target
  /** From the target, and to it; bytes. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Breaks it off on both sides. */
  reset(): void
}

export interface ServeParts {
  allowed(): readonly AllowedTarget[]
  /** Why no stream is taken now. */
  obstacle(): 'GS_CONNECTOR_STOPPING' | 'GS_CONNECTOR_BUSY' | undefined
  /** @param target `host:port` */
  onRefused(target: string, error: ConnectorError): void
  onOpen(served: ServedStream): void
  onEnd(served: ServedStream): void
}

/** Serves one stream: `CONNECT host:port` (RFC 9113 §8.5), and nothing else. Whatever is asked for, what is opened is on the list. */
export async function serveStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, parts: ServeParts): Promise<void> {
  // Before anything is awaited: it may break off at any time.
  stream.on('error', () => undefined)
  const target = headers[':method'] === 'CONNECT' ? splitTarget(headers[':authority'] ?? '') : undefined
  const obstacle = target ? parts.obstacle() : 'GS_CONNECTOR_REQUEST_INVALID'
  if (!target || obstacle) return refuse(stream, obstacle ?? 'GS_CONNECTOR_REQUEST_INVALID')
  const gone = new AbortController()
  stream.once('close', () => gone.abort())
  let socket: Socket | undefined
  const served: ServedStream = {
    target,
    get bytesIn() {
      return socket?.bytesRead ?? 0
    },
    get bytesOut() {
      return socket?.bytesWritten ?? 0
    },
    reset: () => breakOff(stream),
  }
  parts.onOpen(served)
  stream.once('close', () => parts.onEnd(served))
  try {
    socket = await openTarget(parts.allowed(), target, gone.signal)
  } catch (error) {
    const refused =
      error instanceof ConnectorError ? error : new ConnectorError('GS_CONNECTOR_TARGET_UNREACHABLE', undefined, { cause: error })
    if (!stream.destroyed) parts.onRefused(`${target.host}:${target.port}`, refused)
    return refuse(stream, refused.code as keyof typeof STREAM_STATUS)
  }
  if (stream.closed || stream.destroyed) socket.destroy()
  else join(stream, socket)
}

function refuse(stream: ServerHttp2Stream, code: keyof typeof STREAM_STATUS): void {
  if (stream.destroyed || stream.closed) return
  stream.respond({ ':status': STREAM_STATUS[code], [CODE_HEADER]: code }, { endStream: true })
  // Nothing that still comes is of interest.
  stream.resume()
}

/**
 * Not `close(code)`, which ends the stream first (END_STREAM) and resets it behind that: whoever reads it would take what was cut off for all
 * there is.
 */
function breakOff(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) stream.destroy(new Error('broken off'))
}

/** Both ways; an end passes as an end, a reset as a reset. */
function join(stream: ServerHttp2Stream, socket: Socket): void {
  socket.on('error', () => breakOff(stream))
  stream.once('close', () => {
    // What was written last is still to go out.
    if (stream.rstCode === constants.NGHTTP2_NO_ERROR) socket.destroySoon()
    // No reset while an end is under way: libuv refuses it (EINVAL), and Node never closes that socket then.
    else if (socket.writableEnded) socket.destroy()
    else socket.resetAndDestroy()
  })
  stream.respond({ ':status': 200 })
  carry(stream, socket)
}
