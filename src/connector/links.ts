import type { Settings } from 'node:http2'
import type { ConnectorCode } from './errors.ts'

/** What the two ends of a link agree on; docs/decisions/connector.md says what was measured. */

/** May be under way on one stream before its reader took some, bytes: 1 MiB carries 20 MB/s over 50 ms. */
const STREAM_WINDOW = 1 << 20
/**
 * And on the whole link. Node gives a link's window back as bytes come in, whether their stream is read or not, so that one that stalls keeps no
 * other waiting; what bounds memory is each stream's own window.
 */
export const LINK_WINDOW = 64 << 20

/** RFC 9113 §6.5.2, of either end. A frame is what others on the link may have to wait for. */
export const SETTINGS: Settings = {
  enablePush: false,
  initialWindowSize: STREAM_WINDOW,
  maxFrameSize: 65_536,
  // Four short fields; Node answers what is longer by itself.
  maxHeaderListSize: 4_096,
  headerTableSize: 4_096,
}

/** Against an end that sends what was not asked for: RFC 9113 §10.5. */
export const LIMITS = {
  maxSettings: 16,
  maxHeaderListPairs: 16,
  maxOutstandingPings: 16,
  maxOutstandingSettings: 4,
  maxReservedRemoteStreams: 0,
  maxSessionInvalidFrames: 50,
  // Against rapid reset (CVE-2023-44487) a server ends the whole link at the 1,001st stream that its client takes back, or at 34 a second from there
  // on. Here that is a thousand sessions whose clients went away, and the gateway would cut everybody else's.
  streamResetBurst: 1_000_000,
  streamResetRate: 1_000_000,
  // What is queued to be written counts, MB.
  maxSessionMemory: 256,
} as const

/** Streams at once on one link. */
export const MOST_STREAMS = 8_192

/** A PING goes out this often, ms. */
export const BEAT_MS = 1_000
/** A link is dead after as many beats without a single byte. */
export const SILENT_BEATS = 4

/** How a connector refuses a stream. 4xx: it will not; 5xx: it cannot. */
export const STREAM_STATUS = {
  GS_CONNECTOR_REQUEST_INVALID: 400,
  GS_CONNECTOR_TARGET_NOT_ALLOWED: 403,
  GS_CONNECTOR_TARGET_UNREACHABLE: 502,
  GS_CONNECTOR_BUSY: 503,
  GS_CONNECTOR_STOPPING: 503,
} as const satisfies Partial<Record<ConnectorCode, number>>
