import { startJob } from './job-process.ts'
import { type Beat, keepRun } from './keep-run.ts'
import { type PreparationParts, type PreparedJob, prepareJob } from './prepare-job.ts'

/** A run at a gateway, as whoever launches a job in it sees it. */
export interface LaunchedRun {
  readonly id: string
  /** Seconds that it has now. */
  readonly expiresIn: number
  /** @throws where the gateway cannot be reached, or cannot say now */
  renew(): Promise<Beat>
  /** Ends it. @throws where that cannot be: then it ends by itself */
  end(): Promise<void>
}

export interface LaunchParts extends Omit<PreparationParts, 'run' | 'unattended'> {
  readonly run: LaunchedRun
  readonly command: string
  readonly words: readonly string[]
  readonly folder: string
  /** Tells whoever looks at the launcher what happens to the run, a sentence each. */
  readonly say: (sentence: string) => void
  /** Called once this process's signals are heard here, right before the job is started. What it throws is thrown, and nothing is started. */
  readonly takingSignals?: () => void
  /** Called once the job has been started. */
  readonly onStarted?: (prepared: PreparedJob) => void
  /** Whether the run is left to whoever comes next. */
  readonly keep?: boolean
  /** How long a job may go on after it was told that its run is over, ms; default 10,000. */
  readonly grace?: number
}

/** What became of a job. */
export interface LaunchedJob {
  readonly exitCode: number
  readonly prepared: PreparedJob
  /** Why its run was over before it was; undefined where it was not. */
  readonly overEarly: string | undefined
  /** Why its run could not be ended, which it does by itself then. */
  readonly notEnded: string | undefined
  /** Whether the launcher was told to end meanwhile. */
  readonly told: boolean
}

const GRACE_MS = 10_000

/** Starts a job in a run, which is kept while it goes on and ended with it. @throws LaunchError where it could not be started: the run is ended */
export async function launchJob(parts: LaunchParts): Promise<LaunchedJob> {
  const { run, say, keep = false, grace = GRACE_MS } = parts
  const over = new AbortController()
  let prepared: PreparedJob | undefined
  let [overEarly, told]: [string | undefined, boolean] = [undefined, false]
  try {
    prepared = await prepareJob({ ...parts, run: run.id })
    const { command, words, folder, takingSignals } = parts
    const job = await startJob({ command, words, folder, env: prepared.variables, takingSignals, onTold: () => (told = true) })
    parts.onStarted?.(prepared)
    void keepRun(run, run.expiresIn, watcherOf(), over.signal)
    const exitCode = await job.exited
    over.abort()
    const notEnded = keep ? undefined : await ended(run, overEarly)
    return { exitCode, prepared, overEarly, notEnded, told }

    function watcherOf() {
      return {
        unreachable: ({ message }: Error, until: number) =>
          say(`the gateway does not answer: ${message} The run goes on until ${timeOf(until)}, and it is tried again until then.`),
        reachable: () => say('the gateway answers again.'),
        suspended: (is: boolean) =>
          say(is ? 'the run is suspended: everything is refused until a person resumes it.' : 'the run was resumed by a person.'),
        over(why: string) {
          overEarly = why
          say(`the run is over: ${why}. The job is told to stop, and has ${Math.round(grace / 1000)} s.`)
          job.stop(grace)
        },
      }
    }
  } catch (error) {
    over.abort()
    await ended(run, overEarly)
    throw error
  } finally {
    prepared?.remove()
  }
}

async function ended(run: LaunchedRun, overEarly: string | undefined): Promise<string | undefined> {
  if (overEarly !== undefined) return undefined
  return run.end().then(
    () => undefined,
    (error: Error) => error.message,
  )
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`
}
