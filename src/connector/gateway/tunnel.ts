import { randomBytes } from 'node:crypto'
import { type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { ConnectorError } from '../errors.ts'
import { heartBeat } from '../heart-beat.ts'
import { LIMITS, LINK_WINDOW, SETTINGS } from '../links.ts'
import type { ConnectorObserver, DownReason, StreamEnd, StreamFacts, TunnelFacts } from './observer.ts'
import { openStream } from './open-stream.ts'
import { asTargetStream, type Carried, type StreamAccount } from './target-stream.ts'
import type { ConnectorState, Proven } from './types.ts'

/** How long the first SETTINGS may take, ms. */
const SETTINGS_MS = 4_000

/** The gateway's end of one link. */
export interface Tunnel {
  readonly facts: TunnelFacts
  /** Opened so far, for turns among equals. */
  readonly opened: number
  readonly streams: number
  /** Whether it takes streams. */
  readonly open: boolean
  readonly draining: boolean
  state(): ConnectorState
  /** Since it came up: from targets, and to them. */
  readonly carried: Readonly<Carried>
  /** @param target `host:port` @throws as openStream does */
  dial(target: string, of: { readonly resource: string; readonly session?: string }, signal: AbortSignal): Promise<Duplex>
  /** Ends it and its streams now. */
  cut(why: DownReason): void
}

export interface TunnelParts {
  readonly proven: Proven
  readonly address: string
  readonly observer: ConnectorObserver
  readonly now: () => number
  /** It takes streams from now on. */
  readonly onUp: (tunnel: Tunnel) => void
  /** It came up and is gone. */
  readonly onDown: (tunnel: Tunnel) => void
  /** It is gone, whether it ever came up or not. */
  readonly onEnd: (tunnel: Tunnel) => void
}

interface OpenStream {
  readonly stream: ClientHttp2Stream
  readonly account: StreamAccount
}

/** HTTP/2 with the roles reversed: the gateway, which was connected to, is the client, because it is the one that asks (RFC 9113 §3.3, "prior knowledge"). */
export function openTunnel(socket: TLSSocket, parts: TunnelParts): Tunnel {
  const { proven, address, observer, now } = parts
  const facts: TunnelFacts = { tunnel: `tun_${randomBytes(10).toString('hex')}`, connector: proven.id, name: proven.name, address }
  const since = now()
  const streams = new Set<OpenStream>()
  /** Of streams that ended. */
  const past: Carried = { in: 0, out: 0 }
  let opened = 0
  let dialling = 0
  let phase: 'opening' | 'up' | 'draining' | 'down' = 'opening'

  const session = connect('https://connector.invalid', {
    createConnection: () => socket,
    settings: SETTINGS,
    ...LIMITS,
    peerMaxConcurrentStreams: 1,
  })
  const beat = heartBeat(
    session,
    () => socket.bytesRead,
    () => cut('silent'),
  )
  const unsettled = setTimeout(() => cut('protocol'), SETTINGS_MS)

  function cut(why: DownReason): void {
    if (phase === 'down') return
    const wasUp = phase !== 'opening'
    phase = 'down'
    clearTimeout(unsettled)
    beat.stop()
    for (const { stream } of [...streams]) stream.destroy(new ConnectorError('GS_CONNECTOR_CLOSED'))
    session.destroy()
    socket.destroy()
    parts.onEnd(tunnel)
    if (!wasUp) return
    const { in: bytesIn, out: bytesOut } = carried()
    observer.down({ ...facts, why, ms: now() - since, bytesIn, bytesOut })
    parts.onDown(tunnel)
  }

  function carried(): Carried {
    const sum = { ...past }
    for (const { account } of streams) {
      sum.in += account.in
      sum.out += account.out
    }
    return sum
  }

  function follow(stream: ClientHttp2Stream, about: StreamFacts): Duplex {
    const account: StreamAccount = { in: 0, out: 0, dropped: false }
    const open: OpenStream = { stream: asTargetStream(stream, account), account }
    const openedAt = performance.now()
    streams.add(open)
    stream.once('close', () => {
      streams.delete(open)
      past.in += account.in
      past.out += account.out
      observer.streamEnd({
        ...{ ...about, why: endOf(stream, account), ms: Math.round(performance.now() - openedAt) },
        ...{ bytesIn: account.in, bytesOut: account.out },
      })
    })
    observer.stream(about)
    return stream
  }

  function endOf({ rstCode }: ClientHttp2Stream, { dropped }: StreamAccount): StreamEnd {
    if (phase === 'down') return 'link-down'
    if (dropped) return 'dropped'
    return rstCode === constants.NGHTTP2_NO_ERROR ? 'ended' : 'reset'
  }

  session.once('remoteSettings', () => {
    if (phase !== 'opening') return
    clearTimeout(unsettled)
    session.setLocalWindowSize(LINK_WINDOW)
    phase = 'up'
    observer.up({ ...facts, version: proven.version })
    parts.onUp(tunnel)
  })
  session.on('goaway', (code) => {
    // What is open goes on; Node closes the session behind the last stream.
    if (code === constants.NGHTTP2_NO_ERROR && phase === 'up') phase = 'draining'
  })
  // What is no error of HTTP/2 is the network's: a connector that was killed resets its connection.
  session.on('error', ({ code }: NodeJS.ErrnoException) => cut(code?.startsWith('ERR_HTTP2_') ? 'protocol' : 'closed'))
  session.on('close', () => cut(phase === 'draining' ? 'drained' : 'closed'))
  // Before Node's own listener, which would end streams as if their targets had.
  socket.prependListener('close', () => cut(phase === 'draining' && streams.size === 0 ? 'drained' : 'closed'))
  socket.on('error', () => undefined)

  const tunnel: Tunnel = {
    facts,
    get opened() {
      return opened
    },
    get streams() {
      return streams.size
    },
    get open() {
      return phase === 'up' && streams.size + dialling < (session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY)
    },
    get carried() {
      return carried()
    },
    get draining() {
      return phase === 'draining'
    },
    state() {
      const { in: bytesIn, out: bytesOut } = carried()
      const rttMs = beat.rtt()
      return {
        ...{ name: facts.name, id: facts.connector, tunnel: facts.tunnel, version: proven.version, address, since },
        ...{ streams: streams.size, bytesIn, bytesOut, draining: phase === 'draining' },
        ...(rttMs !== undefined && { rttMs }),
      }
    },
    async dial(target, of, signal) {
      if (phase !== 'up') throw new ConnectorError('GS_CONNECTOR_CLOSED')
      opened += 1
      dialling += 1
      const stream = await openStream(session, target, signal).finally(() => {
        dialling -= 1
      })
      return follow(stream, { ...facts, ...of, stream: `str_${randomBytes(10).toString('hex')}`, target })
    },
    cut,
  }
  return tunnel
}
