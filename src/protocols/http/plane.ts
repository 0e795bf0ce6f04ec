import type { Duplex, Readable } from 'node:stream'
import type { Guard, Session } from '../../guard/index.ts'
import type { Claims, CodedError, HttpResource, Run } from '../../operations/index.ts'
import type { HeaderPairs, HttpAsk, HttpTarget } from './target.ts'

/** The guard and its sessions, as the HTTP planes see them. */
export type HttpGuard = Guard<HttpAsk, HttpTarget>
export type HttpSession = Session<HttpAsk, HttpTarget>

/** What a client asked for, past the door: well-framed, its credential taken off. */
export interface DoorRequest {
  /** A token of RFC 9110 §5.6.2, as it was sent: case matters. Never CONNECT or TRACE. */
  readonly method: string
  /** Of the target as it was sent, without the door's prefix and the query: begins with `/`, holds visible ASCII only. Not canonical. */
  readonly rawPath: string
  /** Behind the first `?`, as it was sent; undefined: there is none. */
  readonly rawQuery: string | undefined
  /**
   * In order. Without Host, credentials of ours, cookies where the name is ours, what is about the connection or is named by `Connection`, framing,
   * Expect, and what proxies say of clients (Forwarded, X-Forwarded-*).
   */
  readonly headers: HeaderPairs
  /** Nothing where there is none. Reading it is what makes the client send it, where it waits for that. */
  readonly body: Readable
  /** Bytes of the body: 0 where there is none, undefined where the client does not say. */
  readonly bodyLength: number | undefined
  /** What the client wants to speak instead. `protocol` is the whole value of Upgrade, such as `websocket` or `SPDY/3.1`. */
  readonly upgrade?: { readonly protocol: string }
  /** What it takes to address the resource again: the scheme, Host and prefix of this request, such as `https://gateway:8443/r/billing`. */
  readonly base: string
  /** What the client says of itself in headers; passed on all the same. `govern` records it. */
  readonly claims?: Claims | undefined
}

/**
 * The answer to one request. The door frames it, and takes out what is about the connection and, where the name is ours, cookies. Nothing here
 * throws where the client has gone: the exchange's signal says that.
 */
export interface DoorAnswer {
  /** Whether its head has been sent: then all that is left is to go on or to cut. */
  readonly begun: boolean
  /** An interim answer (1xx but 101). */
  inform(status: number, headers: HeaderPairs): void
  /** Its head. Content-Length is kept, else the body is framed by chunks. */
  begin(status: number, headers: HeaderPairs): void
  /** A piece of the body, sent at once. @returns resolves when more should be written */
  write(chunk: Uint8Array): Promise<void> | undefined
  /** Its end. @param trailers sent where the body is framed by chunks */
  end(trailers?: HeaderPairs): void
  /** It breaks off: the connection ends, so that nobody takes it for complete. */
  cut(): void
  /** Answers 101 with these headers. @returns the connection, paused, and bytes that came behind the request */
  upgrade(headers: HeaderPairs): { readonly socket: Duplex; readonly head: Uint8Array }
}

/** One request of a session, and what it takes to answer it. */
export interface Exchange {
  readonly session: HttpSession
  readonly resource: HttpResource
  readonly guard: HttpGuard
  readonly request: DoorRequest
  readonly answer: DoorAnswer
  /**
   * Aborts where nobody wants the answer any more: the client has left (its reason is a ClientLeft), or the session has to end (its reason is
   * the Refusal to speak where nothing has been said).
   */
  readonly signal: AbortSignal
  /** The session's target, logged in at the first call. @throws CodedError where it cannot be reached, trusted or logged in at */
  target(): Promise<HttpTarget>
}

/** Anything that can be told no. */
export interface Refusable {
  /** `base` is known where it could be read what was asked for, whether that exists or not. */
  readonly request: Pick<DoorRequest, 'method' | 'rawPath' | 'rawQuery' | 'headers'> & { readonly base?: string | undefined }
  readonly answer: Pick<DoorAnswer, 'begun' | 'begin' | 'write' | 'end' | 'cut'>
}

/** One protocol on HTTP. The door knows none of them. */
export interface HttpPlane {
  readonly kind: HttpResource['kind']
  /**
   * Whether a request looks like one of its own. Only asked for the form in which somebody is refused who is not known: what is configured there
   * must not show in that. Absent: never.
   */
  resembles?(request: Pick<DoorRequest, 'method' | 'rawPath' | 'headers'>): boolean
  /** What a new session of it wants of its target. */
  ask(session: HttpSession, resource: HttpResource): HttpAsk
  /** The whole way of one request. Writes the answer, or cuts it; never rejects. One at a time per connection, in order. */
  carry(exchange: Exchange): Promise<void>
  /** Says no in the protocol's own form; `refusalStatus` says with which status, and `refusalHeaders` with which headers. Where the answer has begun, it is cut. */
  refuse(refusable: Refusable, error: CodedError): void
}

/** What the gateway itself answers on the door, to whoever shows a credential of a run, of whatever plane. Writes the answer, or cuts it; may reject. */
export type OwnEndpoint = (asked: {
  readonly run: Run
  readonly request: DoorRequest
  readonly answer: DoorAnswer
  /** Aborts where the client has left: its reason is a ClientLeft. */
  readonly signal: AbortSignal
}) => Promise<void>

/** The reason of a signal that aborts because the client is not there any more. */
export class ClientLeft extends Error {}
