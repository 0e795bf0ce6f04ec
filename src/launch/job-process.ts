import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { LaunchError } from './errors.ts'

/** A started job. */
export interface JobProcess {
  /** Its exit code; 128 and the number of the signal where one ended it, as a shell says it. */
  readonly exited: Promise<number>
  /** SIGTERM, and where that is not enough SIGKILL. @param grace ms in between */
  stop(grace: number): void
}

export interface JobProcessParts {
  readonly command: string
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
  /** Called once signals are heard here, before anything is started. What it throws is thrown. */
  readonly takingSignals?: (() => void) | undefined
  /** Called each time that the launcher itself is told to end. */
  readonly onTold?: (signal: NodeJS.Signals) => void
  /** Whose signals these are; for tests. */
  readonly from?: NodeJS.Process
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const
const TOLD = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const
/** A terminal sends these to all that runs in front of it: the job has had them, and does with them what it likes. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/**
 * Starts a job with the launcher's own standard streams, and passes signals on until it has ended.
 *
 * At a terminal it shares the launcher's process group, as with a shell without job control: keys reach it directly, and it can be stopped and
 * continued along with its launcher. Without one it leads a group of its own, so that a signal to the launcher reaches all that it started.
 * @throws LaunchError GS_LAUNCH_NO_COMMAND
 */
export async function startJob({
  command,
  words,
  env,
  folder,
  onTold,
  takingSignals,
  from = process,
}: JobProcessParts): Promise<JobProcess> {
  const ownGroup = !hasTerminal()
  let child: ChildProcess | undefined
  const send = (signal: NodeJS.Signals) => child && tell(child, signal, ownGroup)
  const heard = new Map<NodeJS.Signals, () => void>()
  const hear = (signal: NodeJS.Signals, act: () => void) => {
    heard.set(signal, act)
    from.on(signal, act)
  }
  const deaf = () => {
    for (const [signal, act] of heard) from.off(signal, act)
  }
  // Before there is a job: it may be told something the moment that it is there.
  for (const signal of ENDING)
    hear(signal, () => {
      if (ownGroup || !FROM_TERMINAL.includes(signal)) send(signal)
      onTold?.(signal)
    })
  for (const signal of TOLD) hear(signal, () => send(signal))
  if (ownGroup) {
    // Nobody but its launcher can continue a group without a terminal, and the kernel stops it by no other signal.
    hear('SIGTSTP', () => {
      send('SIGSTOP')
      from.kill(from.pid, 'SIGSTOP')
    })
    hear('SIGCONT', () => send('SIGCONT'))
  }
  try {
    takingSignals?.()
    child = spawn(command, words, { env, cwd: folder, stdio: 'inherit', detached: ownGroup })
    return await running(child, command, { deaf, send })
  } catch (error) {
    deaf()
    throw error
  }
}

/** Resolves once it has been started. */
function running(
  child: ChildProcess,
  command: string,
  { deaf, send }: { deaf(): void; send(signal: NodeJS.Signals): void },
): Promise<JobProcess> {
  let killing: NodeJS.Timeout | undefined
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => {
      clearTimeout(killing)
      deaf()
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM'])
    })
  })
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      deaf()
      reject(
        new LaunchError('GS_LAUNCH_NO_COMMAND', `${command}: ${(cause as NodeJS.ErrnoException).code ?? 'no reason given'}`, { cause }),
      )
    })
    child.once('spawn', () =>
      resolve({
        exited,
        stop(grace) {
          if (killing !== undefined) return
          send('SIGTERM')
          // What is stopped hears nothing else.
          send('SIGCONT')
          killing = setTimeout(() => send('SIGKILL'), grace)
        },
      }),
    )
  })
}

function tell(child: ChildProcess, signal: NodeJS.Signals, group: boolean): void {
  const { pid } = child
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(group ? -pid : pid, signal)
  } catch {
    // It has ended meanwhile, or is somebody else's now (sudo): that is its own matter.
  }
}

/** Whether there is a terminal whose keys are signals to this process. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
