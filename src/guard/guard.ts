import type { ClientInfo, Decided, Decision, Operation, Outcome, Refusal, Resource, Run } from '../operations/index.ts'

/**
 * The one path every operation takes. A protocol opens a session, has each operation decided and admitted, forwards
 * what is admitted, and settles it. It never reads a rule, writes an entry or sees a secret.
 *
 * @typeParam Ask what a protocol wants of its target at log-in (PostgreSQL: database and start-up settings)
 * @typeParam Target a connection that is logged in there
 */
export interface Guard<Ask, Target> {
  /**
   * Opens a session: allowed at all here, registered as live, `session.open` durable.
   * @throws Refusal where nothing could ever be allowed, the run is over, or the trail cannot be written
   */
  open(run: Run, resource: Resource, client: ClientInfo): Promise<Session<Ask, Target>>

  /** Whether some rule asks for the state of a session's transaction, so that facts must say it. */
  readonly usesTransaction: boolean

  /** What the rules say, now. Synchronous and without effect. */
  decide(session: Session<Ask, Target>, operation: Operation): Decision

  /**
   * Makes the intents of everything framed from one read durable, refused ones too, in order; then calls `go` exactly once,
   * with one answer per operation in the same order. `go` may run before `admit` returns.
   * Where the trail cannot be written, every answer is a Refusal.
   */
  admit(session: Session<Ask, Target>, decided: readonly Decided[], go: (answers: readonly (Admission | Refusal)[]) => void): void
}

/** One client connection to one resource. */
export interface Session<Ask, Target> {
  /** `ses_…` */
  readonly id: string
  readonly run: Run
  readonly resource: Resource
  /** Whether no rule could ever permit it to change anything: then the target is asked to refuse changes too. */
  readonly readOnly: boolean
  /**
   * Aborts when the session must end now: run revoked or expired, session killed, gateway stopping after its drain.
   * Its reason is the Refusal to speak. The protocol cancels at the target, tells its client and closes within 1 s.
   */
  readonly signal: AbortSignal
  /** Aborts when the gateway drains: finish what is in flight, accept nothing new, close when idle. */
  readonly draining: AbortSignal
  /**
   * A connection to the target, logged in with the gateway's own credential.
   * @throws CredentialsError (coded) where the target cannot be reached, trusted or logged in at
   */
  connect(ask: Ask, signal: AbortSignal): Promise<Target>
  /** Ends it: what was never settled becomes `unknown`, `session.close` is appended. Idempotent. */
  close(reason: SessionEnd): void
}

/** Why a session ended, for the trail. */
export type SessionEnd = 'client-closed' | 'client-lost' | 'target-closed' | 'target-unreachable' | 'ended' | 'protocol-error' | 'drained'

/** The right to forward one operation, once. */
export interface Admission {
  /** Whether `charge` may end it: then it is charged before each row is passed, and not per chunk. */
  readonly limited: boolean
  /** How long it may take from now, ms; undefined: as long as it likes. */
  readonly time: number | undefined
  /**
   * Counts what flows. Cheap: call it per chunk.
   * @returns why it must be cut off now, where it came to more than it may
   */
  charge(rows: number, bytes: number): Refusal | undefined
  /** What to say where `time` is over. */
  overtime(): Refusal
  /** It was never forwarded, and never will be: the room that it took is given back. Instead of `settle`. */
  withdraw(ending: Pick<Outcome, 'status' | 'sqlstate'>): void
  /** Exactly once; later calls throw. Rows and bytes are what was charged. */
  settle(ending: Pick<Outcome, 'status' | 'sqlstate'>): void
}
