import type { Run, RunId } from '../operations/index.ts'
import type { BudgetCrossing } from './budgets/index.ts'
import type { LogPlace, RunAccount } from './run-account.ts'
import type { RunState, RunView, SessionView } from './runs.ts'
import type { Suspension } from './standing.ts'

/** How a run comes to life and how its launcher keeps it there. Used by the token exchange and the run handle. */
export interface RunLifeCycle {
  /**
   * Starts the run, or joins it where it is already live; either way its credentials work for another `life`.
   * Resolves when `run.start` is durable. Concurrent calls for one run start it once.
   * @throws RunError where the run is over, belongs to another principal, cannot be recorded, a budget has no room for it, or the gateway drains
   */
  begin(run: Omit<Run, 'startedAt'>): Promise<BegunRun>
  /**
   * A heart-beat: the credentials work for another `life`, never beyond `longest` after the start or a person's sign-in.
   * @param lease ms, less than `life`: a launcher that beats often has its run end sooner where it goes away
   * @throws RunError GS_RUNS_OVER
   */
  extend(id: RunId, lease?: number): RunView
  /** The launcher is done. Durable before it returns; live sessions end at once. False where the run is unknown or over. */
  end(id: RunId): boolean
}

export interface BegunRun extends RunView {
  /** Whether the run was live before. */
  readonly joined: boolean
}

/** What becomes of runs, for the trail. `gateway/` writes the entries. */
export interface RunObserver {
  /** A place in the log that no entry written from now on stands before. */
  notBefore(): LogPlace
  /** Resolves when `run.start` is durable; where it rejects, the run does not start. */
  started(run: Run): Promise<LogPlace>
  /** Whether the trail says that it started, for one whose start a crash interrupted. @param from where its entry can stand first */
  find(run: Run, from: LogPlace): Promise<LogPlace | undefined>
  joined(run: Run, account: RunAccount): void
  /**
   * After the sessions were told to end. Resolves when `run.end` is durable, which comes behind everything that the account expects.
   * Rejects where that cannot be written now.
   * @param how whether a crash came in between, so that the trail may say it already; and who revoked it, where that is known
   */
  over(run: Run, state: Exclude<RunState, 'live'>, account: RunAccount, how: RunOver): Promise<LogPlace>
  killed(session: SessionView, run: Run, account: RunAccount, by: string): void
  /** Too much was refused: it may do nothing until a person resumes it. */
  suspended(run: Run, account: RunAccount, suspension: Suspension): void
  /** Resolves when `run.resumed` is durable; where it rejects, the run stays suspended. */
  resumed(run: Run, account: RunAccount, by: string): Promise<void>
  /** A budget of the run reached its limit, or the share where the trail warns. */
  crossed(run: Run, account: RunAccount, crossing: BudgetCrossing): void
  /** The same of one that counts runs at once. @param start a run that has not started, and may not where it is no warning */
  crowded(start: Omit<Run, 'startedAt'>, crossing: BudgetCrossing): void
}

/** How a run came to its end. */
export interface RunOver {
  readonly interrupted: boolean
  readonly by?: string | undefined
}

export interface RunLimits {
  /** How long credentials work without a heart-beat, ms. Default 15 minutes. */
  readonly life?: number
  /** How long a run may last at all, ms. Default 24 hours. */
  readonly longest?: number
}
