import type { Duplex, Readable } from 'node:stream'

/** Header fields as they stand on the wire: in their order, with repetitions, names as they were written. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/** Who a target is told it is, beside the credential: Kubernetes only. */
export interface Impersonated {
  readonly user: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** What a session wants of its target at log-in. */
export interface HttpAsk {
  /** Sent by the target with every request of the session that says nothing else. Absent: nobody. */
  readonly impersonate?: Impersonated
}

/** A request as it goes upstream. */
export interface UpstreamRequest {
  readonly method: string
  /** Canonical, with `?query` where there is one, without the target's base path: that is put before it. */
  readonly path: string
  /**
   * Sent as they are and in this order. Without Host, `Impersonate-…`, the credential's header, and whatever frames or ends the connection:
   * those are said by the target alone, and dropped here.
   */
  readonly headers: HeaderPairs
  /** Instead of the session's own. */
  readonly impersonate?: Impersonated
  /** A stream is sent as it comes; where it breaks, so does the request. */
  readonly body?: Readable | Uint8Array
  /** Bytes of a streamed body, where they are known; absent: it is sent in chunks. */
  readonly bodyLength?: number
  /** Called with each of the target's interim answers (1xx but 101), before its answer. */
  readonly interim?: (status: number, headers: HeaderPairs) => void
}

/** What the target answered. Its body is a stream that must be read or destroyed. */
export interface UpstreamAnswer {
  readonly status: number
  /** Without what is about the connection. Framing (Content-Length) is there where the target said it. */
  readonly headers: HeaderPairs
  /** Ends where the target's answer ended; an answer that was cut off is an error, never an end. */
  readonly body: Readable
  /** What came behind the body, once that has ended; empty before. */
  trailers(): HeaderPairs
}

/** The target switched protocols (101). */
export interface Upgraded {
  readonly status: 101
  readonly headers: HeaderPairs
  /** Paused, with nothing of ours listening. */
  readonly socket: Duplex
  /** Bytes that came behind the head. */
  readonly head: Uint8Array
}

/** Takes the session's own credential out of what is shown to a client, wherever chunks were cut. Nothing changes its length. */
export interface Redactor {
  /** @param now ms. @returns what can be shown now. Bytes that may be the beginning of a credential are kept for the next call, or for 50 ms */
  push(chunk: Uint8Array, now: number): Uint8Array
  /** When what is kept has been kept long enough, ms; undefined: nothing is. */
  readonly deadline: number | undefined
  /** @returns what is due, without forgetting it: whatever completes a credential behind it is still covered */
  expire(now: number): Uint8Array
  /** @returns what was kept */
  end(): Uint8Array
}

/**
 * "Logged in" at an HTTP target, for one session: connections of its own, and the credential inside, which nothing here can read.
 * All of it throws TargetError, or the signal's reason where that aborted.
 */
export interface HttpTarget {
  /** One request, and its answer's head. The signal cuts the body too, until that has ended. */
  request(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer>
  /**
   * The same over a connection of its own, with `Connection: Upgrade`.
   * @param protocol what Upgrade says, such as `websocket` or `SPDY/3.1`
   * @returns the raw connection where the target answers 101; else its answer
   */
  upgrade(request: UpstreamRequest, protocol: string, signal: AbortSignal): Promise<Upgraded | UpstreamAnswer>
  /** For one stream of bytes that the target sent. */
  redactor(): Redactor
  /** The same for a text that is there as a whole, such as a header's value. */
  redact(text: string): string
  /** Where it is: what a redirect to itself begins with, `https://host:port/base`. */
  readonly base: string
  /** Ends every connection of it. Idempotent. */
  close(): void
}

export function isUpgraded(answer: Upgraded | UpstreamAnswer): answer is Upgraded {
  return 'socket' in answer
}
