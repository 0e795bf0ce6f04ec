import type {
  ApprovalId,
  ClientInfo,
  Decided,
  Decision,
  EffectiveOperation,
  Facts,
  Grant,
  Operation,
  Outcome,
  Refusal,
  Resource,
  Run,
  Usage,
} from '../operations/index.ts'
import type { ExchangeRecorder, SessionRecorder } from '../recording/index.ts'

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

  /** Whether persons can be asked here, and some rule does: otherwise nothing is ever held. */
  readonly asksPeople: boolean

  /** Digest of the policy in force, as decisions name it. */
  readonly policy: string

  /** What the rules say, and break-glass, now. Synchronous and without effect. */
  decide(session: Session<Ask, Target>, operation: Operation): Decision

  /**
   * Whether something could be permitted of which only these facts are known yet, and break-glass: what cannot be need not be shown. Synchronous and
   * without effect; what could be permitted is decided once all of it is known.
   */
  couldAllow(session: Session<Ask, Target>, facts: Facts): boolean

  /**
   * Makes the intents of everything framed from one read durable, refused ones too, in order; then calls `go` exactly once,
   * with one answer per operation in the same order. `go` may run before `admit` returns. It is told the number within the session of the
   * first of them, the others follow; undefined where they have none, as the session is over.
   * Where the trail cannot be written, every answer is a Refusal.
   *
   * What asks is refused, unless it is only prepared: that comes to nothing by itself. With `approved`, everything is decided anew, and the
   * grant is spent for all of it or for none: where it may not be spent, or one of them is refused for another reason, all are.
   */
  admit(
    session: Session<Ask, Target>,
    decided: readonly Decided[],
    go: (answers: readonly (Admission | Refusal)[], first?: number) => void,
    approved?: Approved,
  ): void

  /**
   * Asks persons for everything that one request of the client comes to: one request for approval, or the one that was made for exactly
   * this before. Durable before it resolves. Nothing of it is admitted or recorded as an intent by this.
   *
   * @param decided in order; those that are allowed too. At least one that is not only prepared asks
   * @param effective what a person approves. Parts named `statement` hold SQL; `parameters`, those of the statement before them, as on the wire;
   *   `request`, a request as its `Statement` has it
   * @param claimed what the agent says of it
   * @throws Refusal where one of them is denied, the same was denied to this run before, the run is suspended or over, too much was asked,
   *   nobody can be asked, content follows that no rule lets them approve unseen, or it cannot be recorded
   */
  ask(
    session: Session<Ask, Target>,
    decided: readonly Decided[],
    effective: EffectiveOperation,
    claimed?: { readonly message?: string },
  ): Promise<Waiting>
}

/** What was asked for, approved, and is about to happen. */
export interface Approved {
  readonly grant: Grant
  /** Made anew: where it is not what was approved, nothing of it is admitted. */
  readonly effective: EffectiveOperation
}

/** A request for approval, while the client that asked is connected. */
export interface Waiting {
  readonly id: ApprovalId
  /** Where a person answers it. Opens nothing by itself. */
  readonly link: string
  /** How long a connection may wait for the answer, ms, by protocol. */
  readonly hold: number
  /** The answer, once there is one: a grant for `admit`, or why there is none. Also where the session has to end. Never rejects. */
  readonly decided: Promise<Grant | Refusal>
  /** The client waits no longer and comes back with the same. @returns what to tell it */
  becomeTicket(): Refusal
  /** Nobody wants the answer any more. Idempotent, and without effect on what is a ticket or admitted. */
  leave(why: 'cancelled' | 'disconnected' | 'session-ended' | 'changed'): void
}

/** One client connection to one resource. */
export interface Session<Ask, Target> {
  /** `ses_…` */
  readonly id: string
  readonly run: Run
  readonly resource: Resource
  /** Whether no rule could ever permit it to change anything: then the target is asked to refuse changes too. */
  readonly readOnly: boolean
  /** The opening of break-glass that it is under, of which its client must be told, and when that is over, ms since the epoch. */
  readonly breakGlass: { readonly id: string; readonly until: number } | undefined
  /**
   * Aborts when the session must end now: run revoked or expired, session killed, break-glass over, gateway stopping after its drain.
   * Its reason is the Refusal to speak. The protocol cancels at the target, tells its client and closes within 1 s.
   */
  readonly signal: AbortSignal
  /** Aborts when the gateway drains: finish what is in flight, accept nothing new, close when idle. */
  readonly draining: AbortSignal
  /** Takes down what the client is sent, in protocols of messages; undefined where that is not recorded. */
  readonly recorder?: SessionRecorder | undefined
  /** The same in HTTP: requests, answers and streams. One of the two is used. */
  readonly exchanges?: ExchangeRecorder | undefined
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
  /** Says what of it was masked before its client saw it; never a value. @param what the column or detector */
  masked(mask: string, what: string, count: number): void
  /**
   * Says what a call of a model used, as its provider says; budgets count that instead of what was reserved, and the outcome holds it. Before
   * `settle`; where it is said again, what was said last counts. Where it is never said, or what is said cannot
   * be, what was reserved stays counted.
   */
  spent(usage: Usage): void
  /** What to say where `time` is over. */
  overtime(): Refusal
  /** It was never forwarded, and never will be: the room that it took is given back. Instead of `settle`. */
  withdraw(ending: Pick<Outcome, 'status' | 'code'>): void
  /** Exactly once; later calls throw. Rows and bytes are what was charged. */
  settle(ending: Pick<Outcome, 'status' | 'code'>): void
}
