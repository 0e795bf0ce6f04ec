import { askHealth, type ConnectorStateAnswer } from './connector-health.ts'
import type { ConnectorOptions } from './connector-settings.ts'
import { dataOf } from './connector-settings.ts'
import { CliError } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { when } from './moments.ts'
import type { Shell } from './shell.ts'

/** How whatever runs with this data folder is. @throws CliError GS_CLI_CONNECTOR_NOT_RUNNING */
export async function connectorStatus(options: ConnectorOptions, json: boolean, shell: Shell): Promise<void> {
  const { printer, surroundings } = shell
  const folder = dataOf(options, surroundings)
  const answers = await askHealth(folder)
  if (answers.length === 0) throw new CliError('GS_CLI_CONNECTOR_NOT_RUNNING', `No connector runs with ${folder}.`)
  const running = answers.filter((answer) => answer !== undefined)
  if (!running.some(({ ready }) => ready)) shell.exitCode = exitCodes.refused.code
  if (json) return printer.json(running)
  for (const each of running) printer.line(sentenceOf(each), each.ready ? undefined : 'yellow')
  if (running.length < answers.length) printer.line('A connector that runs here does not answer: it hangs.', 'red')
}

function sentenceOf({ process, id, name, state, since, streams, error }: ConnectorStateAnswer): string {
  const who = [`process ${process}`, id && `${id}${name ? ` (${name})` : ''}`].filter(Boolean).join(', ')
  return `${who}: ${state} since ${when(since)}, ${streams} ${streams === 1 ? 'stream' : 'streams'}${error ? `. ${error.code}: ${error.message}` : ''}`
}
