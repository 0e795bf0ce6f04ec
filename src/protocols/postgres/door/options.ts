import type { SecureContext } from 'node:tls'
import type { Guard } from '../../../guard/index.ts'
import type { LoginThrottle, PlaneAuthenticator } from '../../../identity/index.ts'
import type { PostgresResource, Run } from '../../../operations/index.ts'
import type { StrangerLimits } from '../../door/index.ts'
import type { CancelRegistry, RelayLog, TextAnalyzer } from '../relay/index.ts'
import type { SqlSession } from '../sql/sql-session.ts'
import type { PostgresAsk, PostgresTarget } from '../target.ts'

/** The certificate that a client is shown. The names authority fits. */
export interface DoorTls {
  /** @param serverName as the client sent it (SNI); undefined: it sent none */
  secureContext(serverName?: string): SecureContext
  /** DER of the leaf in that context, for channel binding. */
  leafDer(serverName?: string): Uint8Array
}

/** A session whose target has logged in. */
export interface OpenedSession {
  /** Whose it is; the same object for all sessions of a run. */
  readonly run: Run
  readonly resource: PostgresResource
  /** The target's own name of it. */
  readonly database: string
  readonly target: PostgresTarget
  /** Whether the session is kept read-only at the target. */
  readonly readOnly: boolean
}

export interface PostgresDoorOptions {
  /** Undefined: TLS is not offered, so only SCRAM is. */
  readonly tls: DoorTls | undefined
  readonly authenticator: PlaneAuthenticator
  /** Refuses an address after too many failures. */
  readonly throttle: LoginThrottle
  /** Whom an address belongs to: one IPv6 host can choose from a whole network. */
  readonly peerOf: (address: string) => string
  /**
   * Where a client that has logged in goes, from what it claims. @returns undefined where nothing is selected
   * @throws CodedError where its claims disagree
   */
  readonly select: (selectors: {
    readonly option: string | undefined
    readonly serverName: string | undefined
    readonly database: string
  }) => { readonly resource: PostgresResource; readonly database: string | undefined } | undefined
  readonly guard: Guard<PostgresAsk, PostgresTarget>
  /**
   * What is known of a session's SQL, from a target that has just logged in and that nobody reads yet.
   * @throws CodedError where the target does not say what its names mean; the socket's own error
   */
  readonly sql: (opened: OpenedSession) => Promise<SqlSession>
  /** By which masked values are hashed; undefined: none are. @throws CodedError where it cannot be read */
  readonly maskKey?: () => Promise<Uint8Array | undefined>
  /** What masks ask about texts, as it is configured now. */
  readonly analyzer?: () => TextAnalyzer | undefined
  readonly cancels: CancelRegistry
  /** A credential was presented and opened nothing: for the trail. No value that a client sent is in it. @param code `GS_…` */
  readonly onRefused: (refused: { readonly code: string; readonly address: string }) => void
  /** A password was sent that is none of ours: perhaps somebody's real one. */
  readonly onForeignPassword: (address: string) => void
  readonly log: RelayLog
  readonly limits?: Partial<StrangerLimits>
}
