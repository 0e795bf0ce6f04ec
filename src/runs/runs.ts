import type { ClientInfo, Refusal, Resource, Run, RunId, Usage, UsageSum } from '../operations/index.ts'
import type { BudgetAccount } from './budgets/index.ts'
import type { LogPlace, SessionAccount } from './run-account.ts'
import type { Suspension } from './standing.ts'

export type RunState = 'live' | 'ended' | 'revoked' | 'expired'

/** A run as operators see it. */
export interface RunView {
  readonly run: Run
  readonly state: RunState
  /** When its credentials stop working unless extended. Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly sessions: number
  /** What calls of models came to, as far as this process knows: since the start of the gateway. Absent where there were none, or it is over. */
  readonly usage?: UsageSum
  /** Absent where it may go on, or is over. */
  readonly suspended?: Suspension
}

/** Where a run stands in the trail. */
export interface RunPlaces {
  readonly state: RunState
  /** Its `run.start`; undefined for runs of versions that did not keep it. */
  readonly began: LogPlace | undefined
  /** Its `run.end`; undefined until that is durable. */
  readonly ended: LogPlace | undefined
}

/** A session as operators see it. */
export interface SessionView {
  /** `ses_…` */
  readonly id: string
  readonly runId: RunId
  readonly resource: string
  readonly client: ClientInfo
  /** Milliseconds since the epoch. */
  readonly openedAt: number
  readonly operations: number
}

/** A session that is registered as live; the guard holds it. */
export interface LiveSession {
  readonly id: string
  /** Aborts with a Refusal as its reason: run revoked, ended or expired; session killed; gateway stopping. */
  readonly signal: AbortSignal
  /** Aborts when the gateway drains. */
  readonly draining: AbortSignal
  /** What its operations are charged to. A session of a suspended run opens, so that its refusal is recorded: whoever opens it asks first. */
  readonly budget: BudgetAccount
  /** Counts operations for `sessions ls`. */
  count(operations: number): void
  /** Counts what a call of a model used. */
  spent(usage: Usage): void
  /** It must end now, for this reason. Nothing where it has to already. */
  end(reason: Refusal): void
  /** It is not live any more. Idempotent. */
  close(): void
  /**
   * Its last entry is in the trail; once.
   * @param index of that entry; undefined where it is not known what the trail holds of the session
   */
  recorded(account: SessionAccount, index: number | undefined): void
}

/** What is live. Ending a run ends its sessions within a second. */
export interface Runs {
  /** @throws Refusal where the run is not live or the gateway drains */
  openSession(run: Run, resource: Resource, client: ClientInfo): LiveSession
  run(id: string): RunView | undefined
  /** Of a run that is over, waits for its end to be recorded, at most 5 s. Undefined where the run is unknown. */
  places(id: string): Promise<RunPlaces | undefined>
  /** Newest first. */
  runs(): readonly RunView[]
  sessions(): readonly SessionView[]
  /**
   * Ends every session of the run at once and refuses re-entry. Durable before it returns. False where the run is unknown or over.
   * @param by who did it, as entries name him
   */
  revoke(id: RunId, by: string): boolean
  /**
   * Lets a suspended run go on; what it was refused before does not count any more. Recorded before it returns.
   * False where it is unknown, over or not suspended. @throws what keeps it from being recorded
   */
  resume(id: RunId, by: string): Promise<boolean>
  /** Ends one session. False where it is not live. @param by who did it, as entries name him */
  kill(sessionId: string, by: string): boolean
  /** Stops accepting sessions and asks the live ones to finish; resolves when none is left. */
  drain(): Promise<void>
  /** Ends every session now, with this as the reason. */
  endAll(reason: Refusal): void
}
