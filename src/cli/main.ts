import { CommanderError } from 'commander'
import { version } from '../gateway/version.ts'
import { CodedError } from '../operations/index.ts'
import { CliError } from './errors.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { createProgram } from './program.ts'
import { createShell, type Shell } from './shell.ts'
import { processSurroundings, type Surroundings } from './surroundings.ts'

/**
 * The command line of this process.
 * @param argv without node and script
 * @returns the exit code, see exit-codes.ts
 */
export async function main(argv: readonly string[]): Promise<number> {
  const surroundings = processSurroundings()
  try {
    const code = await run(argv, surroundings)
    return surroundings.endedBySignal() ?? code
  } finally {
    surroundings.release()
  }
}

/** One command line in given surroundings. Never rejects. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const shell = createShell(surroundings, own(argv).includes('--json'))
  try {
    await createProgram(shell, version()).parseAsync(argv, { from: 'user' })
    return shell.exitCode
  } catch (error) {
    return report(error, shell)
  }
}

/** What stands behind -- is another command's. */
function own(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return end < 0 ? argv : argv.slice(0, end)
}

function report(error: unknown, { printer, surroundings, json }: Shell): number {
  // Its sentence is already written (see createProgram); help and version that were asked for end here as well.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code
  if (surroundings.signal.aborted) return exitCodes.interrupted.code
  const coded = error instanceof CodedError ? error : new CliError('GS_CLI_FAILED', undefined, { cause: error })
  printer.problem(coded, json)
  if (surroundings.env.GATESCRIBE_DEBUG && error instanceof Error) printer.remark(error.stack ?? error.message)
  return exitCodeOf(coded.code)
}
