import type { Duplex } from 'node:stream'

/** What a session wants of its target at log-in. */
export interface PostgresAsk {
  /** The target's own name of the database. */
  readonly database: string
  /** Start-up settings that were judged and may be passed on, such as application_name. */
  readonly settings: ReadonlyMap<string, string>
  /** The newest minor version that the client speaks: 0 or 2. The target may answer with an older one. */
  readonly minor: 0 | 2
  /** Whether the target is asked to refuse every change: `default_transaction_read_only`. */
  readonly readOnly: boolean
}

/** A PostgreSQL connection after its first ReadyForQuery. */
export interface PostgresTarget {
  /** Plain or TLS socket, paused, with nothing of ours listening. */
  readonly socket: Duplex
  /** The protocol's minor version in force. */
  readonly minor: 0 | 2
  readonly processId: number
  /** The target's cancel key: 4 bytes on 3.0, up to 256 on 3.2. */
  readonly cancelKey: Uint8Array
  /** ParameterStatus in the order sent; a later value of the same name replaces the earlier. */
  readonly parameters: ReadonlyMap<string, string>
  /** NoticeResponse messages received during log-in, whole, to be passed on. */
  readonly notices: readonly Uint8Array[]
  /** Bytes that came behind ReadyForQuery. */
  readonly rest: Uint8Array
  /**
   * Sends a CancelRequest over a new connection with the same transport (TLS if the session has it), and resolves when the target closed it.
   * Bounded by 5 s; never rejects.
   */
  cancel(): Promise<void>
}
