import { Command } from 'commander'
import { exitCodes } from './exit-codes.ts'
import { createPrinter, type Printer } from './printer.ts'
import type { Surroundings } from './surroundings.ts'

/** What every command is given. */
export interface Shell {
  readonly surroundings: Surroundings
  readonly printer: Printer
  /** Whether errors are printed as JSON; what a command prints is its own matter. */
  readonly json: boolean
  /** The command's exit code; `exitCodes.ok` unless a command says otherwise. */
  exitCode: number
}

export function createShell(surroundings: Surroundings, json: boolean): Shell {
  return { surroundings, json, printer: createPrinter(surroundings), exitCode: exitCodes.ok.code }
}

/** A command with the look of all others. @param examples whole command lines, shown by --help */
export function command(name: string, description: string, examples: readonly string[]): Command {
  return new Command(name)
    .description(description)
    .addHelpText('after', ['', examples.length === 1 ? 'Example:' : 'Examples:', ...examples.map((line) => `  $ ${line}`)].join('\n'))
}

export const jsonOption = ['--json', 'print JSON, on standard error too'] as const
export const configOption = ['-c, --config <file>', 'the configuration (default: $GATESCRIBE_CONFIG, else gatescribe.yaml)'] as const

/** Adds the options that say which running gateway is meant. */
export function talksToGateway(to: Command): Command {
  return to
    .option(...configOption)
    .option('--socket <path>', 'the local socket of the gateway (default: $GATESCRIBE_SOCKET, else in gateway.data)')
    .option(...jsonOption)
}

/** Adds the options that say at which admin door, as the person who signed in there. */
export function talksToDoor(to: Command): Command {
  return to
    .option('--gateway <url>', 'the admin door (default: $GATESCRIBE_ADMIN, else the only one where you are signed in)')
    .option('--ca <file>', 'the CA of its certificate (default: $GATESCRIBE_CA, else as at the sign-in, else what the system trusts)')
}
