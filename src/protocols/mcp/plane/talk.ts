import type { HttpResource, ToolPins } from '../../../operations/index.ts'
import { type Exchange, type HeaderPairs, type Repeated, valuesOf } from '../../http/index.ts'
import type { Dialect } from '../message/index.ts'
import type { Live, LiveSessions, RunTasks } from './live.ts'
import type { AllOffers, Offers } from './offers.ts'
import type { Reply } from './reply.ts'
import type { Sealed, SealedFor } from './sealed.ts'

/** What the messages of a plane share. */
export interface Carrying {
  readonly pins: ToolPins
  readonly sealed: Sealed
  readonly live: LiveSessions
  readonly tasks: RunTasks
  readonly offers: AllOffers
  /** What is known of the messages of a connection's session. */
  readonly repeated: (exchange: Exchange) => Repeated
  /** Of the operator `hash` of masks. */
  readonly maskKey: () => Promise<Uint8Array | undefined>
}

/** One request of HTTP, as far as it could be read before its message is judged. */
export interface Talk extends Carrying {
  readonly exchange: Exchange & { readonly answer: Reply }
  readonly resource: HttpResource
  readonly whose: SealedFor
  /** At the server, behind its base path. */
  readonly path: string
  readonly dialect: Dialect
  /** The server's id of the session, or the token of the old dialect's; undefined: there is none. */
  readonly session: string | undefined
  readonly conversation: Live
  readonly offered: Offers
  /** What the server had said of changes of its tools before it was asked. */
  readonly changes: number
  /** Whether its answer comes on another stream, as in the old dialect. */
  readonly elsewhere: boolean
  /** What goes to the server with each message of this conversation. */
  readonly headers: HeaderPairs
}

/** What a server may be told beside the message. Whatever else a client sends is not passed on: it would decide something that nobody judges. */
const PASSED =
  /^(accept|accept-language|user-agent|mcp-method|mcp-name|mcp-param-[a-z0-9!#$%&'*+.^_`|~-]+|mcp-protocol-version|traceparent|tracestate|baggage)$/

/** @param session the server's own id. @param lastEvent likewise */
export function forwardedHeaders(headers: HeaderPairs, session: string | undefined, lastEvent: string | undefined): HeaderPairs {
  return [
    ...headers.filter(([name]) => PASSED.test(name.toLowerCase())),
    ['Accept-Encoding', 'identity'],
    ...(session === undefined ? [] : ([['Mcp-Session-Id', session]] as const)),
    ...(lastEvent === undefined ? [] : ([['Last-Event-ID', lastEvent]] as const)),
  ]
}

/** Of the gateway's own messages in the same conversation. */
export const ownHeaders = ({ headers }: Pick<Talk, 'headers'>, more: HeaderPairs = []): HeaderPairs => [
  ...headers.filter(([name]) => !/^(accept|mcp-method|mcp-name|mcp-param-.*|last-event-id)$/i.test(name)),
  ['Accept', 'application/json, text/event-stream'],
  ['Content-Type', 'application/json'],
  ...more,
]

/** The one value of a header; undefined: none, or several. */
export function only(headers: HeaderPairs, name: string): string | undefined {
  const values = valuesOf(headers, name)
  return values.length === 1 ? values[0] : undefined
}
