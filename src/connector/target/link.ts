import { performServerHandshake } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { ConnectorError } from '../errors.ts'
import { heartBeat } from '../heart-beat.ts'
import { LIMITS, LINK_WINDOW, MOST_STREAMS, SETTINGS } from '../links.ts'
import type { AllowedTarget } from './allowed-target.ts'
import { isAllowed } from './open-target.ts'
import { type ServedStream, serveStream } from './serve-stream.ts'

/** The connector's end of one link. */
export interface Link {
  readonly streams: number
  /** From targets, and to them, over this link; bytes. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly rttMs: number | undefined
  /** Resolves when it is down, whatever the reason. */
  readonly down: Promise<void>
  /** Resets streams to what is not on the list. */
  recheck(): void
  /** GOAWAY: takes no new streams, ends behind the last one (RFC 9113 §6.8). */
  drain(): void
  cut(): void
}

export interface LinkParts {
  /** As of now. */
  allowed(): readonly AllowedTarget[]
  /** @param target `host:port`, as far as it is one */
  onRefused(target: string, error: ConnectorError): void
}

/** Speaks HTTP/2 on a connection that switched to it, as its server: the connector, which dialled, is the one that is asked. */
export function openLink(socket: TLSSocket, { allowed, onRefused }: LinkParts): Link {
  const session = performServerHandshake(socket, { settings: { ...SETTINGS, maxConcurrentStreams: MOST_STREAMS }, ...LIMITS })
  const streams = new Set<ServedStream>()
  const past = { bytesIn: 0, bytesOut: 0 }
  let draining = false
  const beat = heartBeat(session, () => socket.bytesRead, cut)
  const { promise: down, resolve } = Promise.withResolvers<void>()

  function cut(): void {
    beat.stop()
    // Node would end open streams as if their targets had (RST_STREAM with NO_ERROR), and whoever reads them would take what came for all there is.
    for (const served of [...streams]) served.reset()
    session.destroy()
    socket.destroy()
    resolve()
  }

  session.setLocalWindowSize(LINK_WINDOW)
  session.on('stream', (stream, headers) => {
    serveStream(stream, headers, {
      allowed,
      onRefused,
      obstacle: () => (draining ? 'GS_CONNECTOR_STOPPING' : streams.size >= MOST_STREAMS ? 'GS_CONNECTOR_BUSY' : undefined),
      onOpen: (served) => void streams.add(served),
      onEnd(served) {
        streams.delete(served)
        past.bytesIn += served.bytesIn
        past.bytesOut += served.bytesOut
      },
    }).catch(() => stream.destroy())
  })
  // Whatever is wrong with it, the answer is another one.
  session.on('error', cut)
  session.on('close', cut)
  socket.on('error', cut)
  socket.on('close', cut)

  const sum = (of: 'bytesIn' | 'bytesOut') => [...streams].reduce((total, stream) => total + stream[of], past[of])
  return {
    get streams() {
      return streams.size
    },
    get bytesIn() {
      return sum('bytesIn')
    },
    get bytesOut() {
      return sum('bytesOut')
    },
    get rttMs() {
      return beat.rtt()
    },
    down,
    recheck() {
      for (const stream of streams) if (!isAllowed(allowed(), stream.target)) stream.reset()
    },
    drain() {
      draining = true
      if (!session.destroyed) session.close()
    },
    cut,
  }
}
