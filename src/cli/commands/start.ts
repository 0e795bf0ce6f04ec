import { type Command, Option } from 'commander'
import type { LogFormat, LogLevel } from '../log.ts'
import type { Whereabouts } from '../reach.ts'
import { command, configOption, type Shell } from '../shell.ts'

interface Options extends Whereabouts {
  readonly newOrigin?: true
  readonly logFormat?: LogFormat
  readonly logLevel: LogLevel
}

export function startCommand(shell: Shell): Command {
  return command(
    'start',
    'Runs the gateway until SIGTERM or Ctrl-C, which let live sessions finish for gateway.drain; a second one ends them at once. SIGHUP reads the configuration again. The log goes to standard error.',
    ['gatescribe start -c gatescribe.yaml', 'gatescribe start --log-format pretty', 'gatescribe start --new-origin'],
  )
    .option(...configOption)
    .addOption(
      new Option('--log-format <format>', 'how the log looks (default: pretty on a terminal, else json)').choices(['json', 'pretty']),
    )
    .addOption(new Option('--log-level <level>', 'what is worth a line').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .option(
      '--new-origin',
      'where the log that is there is refused: sets it aside and begins a new one, under another name and with another key',
    )
    .action(async ({ logFormat, logLevel, newOrigin, ...where }: Options) => {
      const [{ serve }, { configPath }] = await Promise.all([import('../serve.ts'), import('../reach.ts')])
      // serve() lets sessions finish, which ending this process would not.
      if (!shell.surroundings.release()) return
      const format = logFormat ?? (shell.surroundings.stderr.isTTY ? 'pretty' : 'json')
      shell.exitCode = await serve(configPath(where, shell.surroundings), {
        format,
        level: logLevel,
        ...(newOrigin && { newLog: 'refused' }),
      })
    })
}
