import type { Readable, Writable } from 'node:stream'

/** Everything a command may touch of the process it runs in; tests give their own. */
export interface Surroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folder: string
  /** Aborts at Ctrl-C, at SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal
  /**
   * From now on the command handles the process's signals itself, and says how it ended.
   * @returns false where the process was told to end before: then it begins nothing, which is a stop that was asked for
   */
  release(): boolean
}

/** This process as surroundings, and how it was told to end. */
export interface ProcessSurroundings extends Surroundings {
  /** 130 after Ctrl-C, 143 after SIGTERM; undefined where the command's own code counts. */
  endedBySignal(): number | undefined
}

/**
 * A second Ctrl-C ends the process at once. A reader that goes away (`trail tail | head`) ends the command without an error,
 * as it does for any filter.
 */
export function processSurroundings(): ProcessSurroundings {
  const ending = new AbortController()
  let exitCode: number | undefined
  const onSignal = (signal: NodeJS.Signals) => {
    const code = signal === 'SIGINT' ? 130 : 143
    if (exitCode !== undefined) process.exit(code)
    exitCode = code
    ending.abort()
  }
  const onOutputError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    exitCode = 0
    ending.abort()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  process.stdout.on('error', onOutputError)
  process.stderr.on('error', onOutputError)
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    folder: process.cwd(),
    signal: ending.signal,
    endedBySignal: () => exitCode,
    release() {
      // What came while code ran is still on its way, and lost where nobody listens in between: whoever listens from now on is told of it.
      const hold = () => undefined
      process.on('SIGINT', hold).on('SIGTERM', hold)
      setImmediate(() => setImmediate(() => process.off('SIGINT', hold).off('SIGTERM', hold)))
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
      exitCode = undefined
      return !ending.signal.aborted
    },
  }
}
