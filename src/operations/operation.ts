import type { Claims } from './claims.ts'
import type { OperationCost } from './cost.ts'
import type { Facts } from './facts.ts'
import type { History } from './history.ts'
import type { Resource } from './resource.ts'

/**
 * Exact content that one session may use many times: the text of a SQL statement, or a request. Compared by identity: a protocol
 * makes one object per Parse or Query and passes the same object for each use, so that the trail says it once.
 */
export interface Statement {
  /**
   * PostgreSQL: the bytes as the client sent them, without the terminating NUL. Of a request our canonical form of what would be forwarded:
   * `METHOD path?query`, the headers that decide its meaning, one per line, an empty line, and the body. Never a credential.
   */
  readonly text: Uint8Array
  /** What is recorded instead where the protocol knows values in it that nobody may keep, such as those of a Secret; redacted further like every text. */
  readonly recorded?: Uint8Array
  /**
   * Of a request: parts of it that its run says again with each request, in order and apart. Only about how it is recorded: each of them is, once per
   * run, and a request then refers to it.
   */
  readonly histories?: readonly History[]
  /** Bytes that the rules count as its size; default: those of `text`. A body that was not read counts too. */
  readonly bytes?: number
}

/** One operation of one session, by the number of its intent. */
export interface OperationReference {
  /** `ses_…` */
  readonly session: string
  readonly operation: number
}

/** One thing a client asks for; docs/operation.md says what that is in each protocol. */
export interface Operation {
  readonly protocol: Resource['kind']
  /**
   * PostgreSQL: a `Query` message, a `Parse` message, or a `Bind` with everything that belongs to its portal. HTTP and what stands on it: a
   * `request` with everything that belongs to it, also the channel that it opens; an `answer` is what a model's answer asks for, a tool call: refused, it
   * is recorded with its refusal, and else not on its own. `unsupported`: a message that is not carried; its statement says
   * why in our own words, and holds nothing of the client.
   */
  readonly form: 'query' | 'prepare' | 'bind' | 'request' | 'answer' | 'unsupported'
  readonly statement: Statement
  /** For `bind`: parameter formats, parameters and result formats exactly as on the wire. */
  readonly parameters?: Uint8Array
  /** What is known of it. The same object for the same facts wherever it can be: decisions and records are kept by it. Absent where it is not carried. */
  readonly facts?: Facts
  /**
   * The operation that the client tries again, the same thing by another way, because it was refused or failed before anything happened: kubectl's
   * SPDY after WebSocket. It counts once.
   */
  readonly retryOf?: OperationReference
  /** What it may come to at most, of what budgets of tokens and money count: a call of a model. Absent: nothing. Of what is prepared or refused none is taken. */
  readonly cost?: OperationCost
  /** What its client says of itself with it: recorded, and nothing else. No rule can ask for it, and it is no part of what is approved. */
  readonly claims?: Claims
}
