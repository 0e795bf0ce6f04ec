import { type Command, InvalidArgumentError, Option } from 'commander'
import { CodedError } from '../../operations/index.ts'
import { CliError } from '../errors.ts'
import type { ExchangeOptions } from '../exchange.ts'
import { exitCodes } from '../exit-codes.ts'
import type { TrustOptions } from '../launching/kept-receipt.ts'
import type { SummaryOptions } from '../launching/told-summary.ts'
import { command, type Shell } from '../shell.ts'
import { withExchange } from './kubeconfig.ts'

export interface LaunchOptions extends ExchangeOptions {
  readonly admin?: string
  readonly pass?: readonly string[]
  readonly resource?: readonly string[]
}

export interface RunOptions extends LaunchOptions, TrustOptions, SummaryOptions {
  /** Seconds. */
  readonly lease: number
  readonly keepRun?: true
  /** The file for it; false: none is kept. */
  readonly receipt: string | false
}

export function runCommand(shell: Shell): Command {
  const run = withExchange(
    command(
      'run',
      "Starts a command as a run: finds out which job this is, or at a terminal who you are, exchanges that for credentials that work at the gateway alone, and gives the command an environment in which PostgreSQL, Kubernetes, model and MCP clients find the gateway without a line about it. Keeps the run as long as the command goes on, ends it with it, and keeps its receipt. Ends with the command's own exit code; 125 where it was never started, 126 or 127 where it cannot be.",
      [
        'gatescribe run --gateway https://gw.example.org:8444 --ca gatescribe-ca.pem -- python job.py',
        'gatescribe run --resource orders-db --pass "REPORT_*" -- psql -f report.sql',
        'gatescribe run --identity person -- psql',
        'gatescribe run --verify-policy trust.txt --json summary.json -- make report',
      ],
    ),
  )
  return withLaunching(run)
    .argument('<command...>', 'behind --: what to start')
    .addOption(
      new Option('--lease <seconds>', 'how long the run lives without this command, which may be killed, or cut off from the gateway')
        .default(300)
        .argParser(seconds),
    )
    .option('--keep-run', 'leave the run to later steps of the same job: it is not ended, and has no receipt yet')
    .option('--receipt <file>', 'where the receipt goes', 'gatescribe-receipt.json')
    .option('--no-receipt', 'keep no receipt')
    .addOption(repeatable('--verify-key <vkey>', 'a key of the log that the receipt must be signed with (default: $GATESCRIBE_VERIFY_KEY)'))
    .option('--verify-policy <file>', 'the trust policy that the receipt must satisfy (default: $GATESCRIBE_VERIFY_POLICY)')
    .option('--json <file>', 'write the summary to this file as JSON; problems are printed as JSON')
    .option('--quiet', 'print nothing but what goes wrong')
    .option('--no-step-summary', 'write no summary of the step in GitHub Actions')
    .action(async (words: readonly [string, ...string[]], options: RunOptions) => {
      try {
        const { runJob } = await import('../launching/run-job.ts')
        shell.exitCode = await runJob(words, options, shell)
      } catch (error) {
        // Before there was a job to pass a signal on to.
        if (shell.surroundings.signal.aborted) {
          shell.exitCode = exitCodes.interrupted.code
          return
        }
        const coded = error instanceof CodedError ? error : new CliError('GS_CLI_FAILED', undefined, { cause: error })
        shell.printer.problem(coded, shell.json)
        if (shell.surroundings.env.GATESCRIBE_DEBUG && error instanceof Error) shell.printer.remark(error.stack ?? error.message)
        shell.exitCode = notStarted(coded)
      }
    })
}

/** Options that say what a job is given. */
export function withLaunching(to: Command): Command {
  return to
    .option('--admin <url>', 'the admin door, where people sign in (default: $GATESCRIBE_ADMIN, else the only one where you are signed in)')
    .addOption(repeatable('--resource <name>', 'the resource that clients are pointed at which know of one only; may come again'))
    .addOption(
      repeatable('--pass <name>', 'a variable of yours that the job gets too, or all that begin so with * at its end; may come again'),
    )
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
}

function seconds(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 5 && value <= 900) return value
  throw new InvalidArgumentError('It is a number of seconds from 5 to 900.')
}

/** As env, nohup and timeout have it (POSIX): what comes behind is the command's own. */
function notStarted({ code, cause }: CodedError): number {
  if (code !== 'GS_LAUNCH_NO_COMMAND') return exitCodes.notStarted.code
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT' ? exitCodes.noCommand.code : exitCodes.notExecutable.code
}
