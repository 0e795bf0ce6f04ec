import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type LogFormat, logFormats } from '../log.ts'
import { command, jsonOption, type Shell } from '../shell.ts'

interface Options {
  readonly config: string
  readonly check?: true
  readonly logFormat?: LogFormat
  readonly json?: true
}

/** MCP servers that are programs, beside the gateway. */
export function mcpHostCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  return command(
    'mcp-host',
    'Runs MCP servers that speak over standard input and output, under an account of their own, and offers them to the gateway over HTTP. Until SIGTERM or Ctrl-C; what happens goes to standard error.',
    ['gatescribe mcp-host --config mcp-host.yaml', 'gatescribe mcp-host --config mcp-host.yaml --check'],
  )
    .option('--config <file>', 'the configuration of the host', 'mcp-host.yaml')
    .option('--check', 'only say whether it could start: configuration, account, token, secrets')
    .addOption(new Option('--log-format <format>', 'how the log looks (default: pretty on a terminal, else json)').choices(logFormats))
    .option(...jsonOption)
    .action(async ({ config, check, logFormat, json }: Options) => {
      const { runMcpHost } = await import('../run-mcp-host.ts')
      const format = logFormat ?? (surroundings.stderr.isTTY ? 'pretty' : 'json')
      const path = resolve(surroundings.folder, config)
      await runMcpHost({ path, check: check === true, format, json: json === true }, { surroundings, printer })
    })
}
