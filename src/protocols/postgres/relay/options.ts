import type { Duplex } from 'node:stream'
import type { Guard, Session } from '../../../guard/index.ts'
import type { SqlSession } from '../sql/sql-session.ts'
import type { PostgresAsk, PostgresTarget } from '../target.ts'
import type { CancelRegistry } from './cancels.ts'
import type { TextAnalyzer } from './text-analyzer.ts'

/** What the relay says of itself; a pino logger fits. Never given content or secrets. */
export interface RelayLog {
  debug(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Two ends that are both logged in, and what stands between them. */
export interface RelayOptions {
  /**
   * The client, authenticated: AuthenticationOk is sent, and nothing behind it. The relay sends ParameterStatus,
   * BackendKeyData and the first ReadyForQuery. Paused, with nothing else listening.
   */
  readonly client: Duplex
  /** Bytes of the client that were read behind its log-in. */
  readonly rest: Uint8Array
  readonly session: Session<PostgresAsk, PostgresTarget>
  readonly guard: Guard<PostgresAsk, PostgresTarget>
  readonly target: PostgresTarget
  /** What is known of this session's SQL; closed with it. */
  readonly sql: SqlSession
  /** The minor version of protocol 3 agreed with the client; the target's may differ. */
  readonly minor: 0 | 2
  readonly cancels: CancelRegistry
  readonly log: RelayLog
  /** The target's own name of the session's database; absent: not known. */
  readonly database?: string
  /** By which masked values are hashed, so that equal ones stay equal; absent: what would be hashed is not shown. */
  readonly maskKey?: Uint8Array
  /** What masks ask about texts, as it is configured now; absent: there is none, and what they would ask about is not shown. */
  readonly analyzer?: () => TextAnalyzer | undefined
  /**
   * Bytes up to which a message is assembled so that its content can be recorded before it is forwarded.
   * A larger Query, Parse or Bind is refused, and so is a larger row of which something is masked. Default 16 MiB.
   */
  readonly inspectionLimit?: number
}
