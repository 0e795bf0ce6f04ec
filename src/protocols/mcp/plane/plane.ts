import { randomBytes } from 'node:crypto'
import type { ToolPins } from '../../../operations/index.ts'
import { type Exchange, firstOf, type HttpPlane, type HttpSession, Repeated } from '../../http/index.ts'
import { carry } from './carry.ts'
import { LiveSessions, RunTasks } from './live.ts'
import { AllOffers } from './offers.ts'
import { Sealed } from './sealed.ts'
import { acceptsEvents, speak } from './speak.ts'
import type { Carrying } from './talk.ts'

export interface McpPlaneOptions {
  /** Which definitions of tools somebody looked at. */
  readonly pins: ToolPins
  /** What values are hashed by where a mask says so; undefined: none does. */
  readonly maskKey?: () => Promise<Uint8Array | undefined>
  /** What sessions, events and endpoints are sealed with; default: new with each process, after which clients begin anew. 32 bytes. */
  readonly key?: Uint8Array
}

/** Servers of MCP, in every dialect up to 2026-07-28 that is spoken over HTTP. One message is one operation. */
export function createMcpPlane({ pins, maskKey = async () => undefined, key = randomBytes(32) }: McpPlaneOptions): HttpPlane {
  const sessions = new WeakMap<HttpSession, Repeated>()
  const carrying: Carrying = {
    ...{ pins, maskKey, sealed: new Sealed(key), live: new LiveSessions(), tasks: new RunTasks(), offers: new AllOffers() },
    repeated({ session }: Exchange) {
      const known = sessions.get(session) ?? new Repeated()
      sessions.set(session, known)
      return known
    },
  }
  return {
    kind: 'mcp',
    resembles: ({ headers }) =>
      acceptsEvents(headers) ||
      ['mcp-protocol-version', 'mcp-session-id', 'mcp-method'].some((name) => firstOf(headers, name) !== undefined),
    ask: () => ({}),
    carry: (exchange) => carry(exchange, carrying),
    refuse: (refusable, error) => void speak(refusable, error),
  }
}
