import { type Command, Option } from 'commander'
import type { ConnectorOptions } from '../connector-settings.ts'
import { CliError } from '../errors.ts'
import { type LogFormat, logFormats } from '../log.ts'
import { command, jsonOption, type Shell } from '../shell.ts'

interface Options extends ConnectorOptions {
  readonly check?: true
  readonly status?: true
  readonly logFormat?: LogFormat
  readonly json?: true
}

/** The end of the tunnel beside private targets. */
export function connectorCommand(shell: Shell): Command {
  const { surroundings } = shell
  return command(
    'connector',
    'Runs beside private targets and dials out to the gateway, which reaches through it what it allows, and nothing else. Until SIGTERM or Ctrl-C: then open streams may finish; a second one ends at once. SIGHUP reads allow of --config again. What happens goes to standard error.',
    [
      'gatescribe connector --gateway https://gw.example.org:8446 --ca gatescribe-ca.pem --allow orders.internal:5432 --token-file plant-a.token',
      'gatescribe connector --config connector.yaml --health 127.0.0.1:9464',
      'gatescribe connector --config connector.yaml --check',
      'gatescribe connector --data /var/lib/gatescribe-connector --status',
    ],
  )
    .option('--gateway <url>', "the gateway's door for connectors, https://host:port")
    .option('--ca <file>', 'the CA of its certificate (default: what the system trusts)')
    .option('--name <name>', 'the configured name that it answers for; an enrolment token says so itself')
    .option('--data <folder>', "the connector's own folder, with its key (default: ./connector)")
    .option(
      '--allow <host:port>',
      'what may be reached; again for each further one: orders.internal:5432, *.db.internal:5432 or 10.1.0.0/16:5432',
      collect,
    )
    .option('--token-file <file>', 'the enrolment token, read where the data folder holds no key yet')
    .option('--workload-token-file <file>', "the workload's own token, instead; read anew whenever it enrols")
    .option('--config <file>', 'these settings as YAML; options come first')
    .option('--drain <duration>', 'how long open streams may finish once it is told to stop (default: 5m)')
    .option('--health <host:port>', 'answer probes there, in plain HTTP: /healthz and /readyz')
    .option('--check', 'only say whether it could start: settings, key or token, and that the door for connectors is reached')
    .option('--status', 'only say how the connector is that runs with this data folder; exit code 0 where it is ready')
    .addOption(new Option('--log-format <format>', 'how the log looks (default: pretty on a terminal, else json)').choices(logFormats))
    .option(...jsonOption)
    .action(async ({ check, status, logFormat, json, ...options }: Options) => {
      if (check && status) throw new CliError('GS_CLI_USAGE', 'Either --check or --status.')
      const format = logFormat ?? (surroundings.stderr.isTTY ? 'pretty' : 'json')
      if (status) return (await import('../connector-status.ts')).connectorStatus(options, json === true, shell)
      const { checkConnector, runConnector } = await import('../run-connector.ts')
      return check ? checkConnector(options, json === true, shell) : runConnector(options, { format, json: json === true }, shell)
    })
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
