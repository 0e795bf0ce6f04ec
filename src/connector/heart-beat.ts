import type { Http2Session } from 'node:http2'
import { BEAT_MS, SILENT_BEATS } from './links.ts'

export interface HeartBeat {
  /** Of the last PING that was answered, ms. */
  rtt(): number | undefined
  stop(): void
}

/**
 * Sends a PING each second, or SETTINGS while the session drains, and says when nothing at all came for four: what a firewall dropped the state of stays open for hours otherwise.
 * Silence is counted in beats, so that a process that did not run for a while does not take its own pause for the other's.
 * @param received bytes so far
 */
export function heartBeat(session: Http2Session, received: () => number, silent: () => void): HeartBeat {
  let rtt: number | undefined
  let last = received()
  let quiet = 0
  const ping = () => {
    if (session.destroyed) return
    try {
      // Behind a GOAWAY Node sends no PING any more, while streams may go on for as long as they like. SETTINGS that set nothing are answered as well.
      if (session.closed) session.settings({})
      // Node refuses, with false, to have more under way than maxOutstandingPings.
      else
        session.ping((error, duration) => {
          if (error === null) rtt = duration
        })
    } catch {
      // The session ended since.
    }
  }
  const timer = setInterval(() => {
    const now = received()
    quiet = now === last ? quiet + 1 : 0
    last = now
    if (quiet >= SILENT_BEATS) silent()
    else ping()
  }, BEAT_MS)
  ping()
  return { rtt: () => rtt, stop: () => clearInterval(timer) }
}
