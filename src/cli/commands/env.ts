import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { command, jsonOption, type Shell } from '../shell.ts'
import { withExchange } from './kubeconfig.ts'
import { type LaunchOptions, withLaunching } from './run.ts'

export interface EnvOptions extends LaunchOptions {
  readonly writeEnv?: string
  readonly home: boolean
  readonly show?: true
  readonly json?: true
  readonly end?: string | true
}

export function envCommand(shell: Shell): Command {
  const env = withExchange(
    command(
      'env',
      'Begins a run as gatescribe run does, and prints what it would give a command, for a shell or a file. Nobody keeps this run: it is good for 15 minutes, or as long as you ask again, and you end it.',
      [
        'eval "$(gatescribe env --gateway https://gw.example.org:8444 --ca gatescribe-ca.pem)" && psql',
        'gatescribe env --write-env job.env && docker run --env-file job.env reports',
        'gatescribe env --end "$GATESCRIBE_RUN"',
      ],
    ),
  )
  return withLaunching(env)
    .option('--write-env <file>', 'write NAME=value lines to this file, readable by its owner only, and print nothing secret')
    .option('--no-home', 'leave HOME as it is')
    .option('--show', 'print the credentials even where standard output is a terminal')
    .option('--end [run]', 'end the run (default: $GATESCRIBE_RUN), and remove what was made for it')
    .option(...jsonOption)
    .action(async (options: EnvOptions) => {
      const { printEnvironment, endRun } = await import('../launching/run-environment.ts')
      if (options.end !== undefined) return endRun(options.end, options, shell)
      if (options.writeEnv === undefined && !options.show && shell.surroundings.stdout.isTTY)
        throw new CliError('GS_CLI_SECRET_ON_TERMINAL', undefined, {
          next: 'Use eval "$(gatescribe env …)", --write-env FILE, or gatescribe run -- COMMAND; --show prints it all the same.',
        })
      return printEnvironment(options, shell)
    })
}
