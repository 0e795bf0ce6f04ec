import { createReferences, parseReference } from '../credentials/index.ts'
import { checkHost, readHostSettings, startHost } from '../mcp-stdio/index.ts'
import { CliError } from './errors.ts'
import { createLog, type LogFormat } from './log.ts'
import type { Signals } from './serve.ts'
import type { Shell } from './shell.ts'

export interface RunMcpHostOptions {
  /** Of the configuration. */
  readonly path: string
  /** Only looks. */
  readonly check: boolean
  readonly format: LogFormat
  readonly json: boolean
}

/** Where servers find programs, where this process has no PATH itself. */
const PATH = '/usr/local/bin:/usr/bin:/bin'

/**
 * Runs the host in this process until it is told to stop.
 * @throws McpHostError where it does not start
 */
export async function runMcpHost(
  { path, check, format, json }: RunMcpHostOptions,
  { surroundings, printer }: Pick<Shell, 'surroundings' | 'printer'>,
  signals: Signals = process,
): Promise<void> {
  const settings = readHostSettings(path)
  const references = createReferences({ env: surroundings.env })
  const secret = async (text: string) => {
    const reference = parseReference(text, '/')
    if (!reference) throw new CliError('GS_CLI_FAILED', `${text} is no reference.`)
    return (await references.secret(reference)).secret.reveal()
  }
  const names = settings.servers.map(({ name }) => name)
  if (check) {
    const { account } = await checkHost({ settings, secret })
    if (json) printer.json({ ok: true, listen: settings.listen, servers: names, ...(account && { user: account.uid }) })
    else printer.line(`${path} is in order: ${names.join(', ')} on ${settings.listen}${account ? `, as user ${account.uid}` : ''}.`)
    return
  }
  const log = createLog({ format, level: 'info', destination: surroundings.stderr })
  const { promise: asked, resolve: stop } = Promise.withResolvers<void>()
  signals.on('SIGTERM', stop)
  signals.on('SIGINT', stop)
  // It ends its servers first, which ending this process would not.
  const isWanted = surroundings.release()
  try {
    if (!isWanted) return
    const host = await startHost({ settings, secret, log, path: surroundings.env.PATH ?? PATH })
    if (json) printer.jsonLine({ url: host.url, servers: names })
    else for (const name of names) printer.line(`${name} is at ${host.url}/${name}`)
    await asked
    await host.stop()
  } finally {
    signals.off('SIGTERM', stop)
    signals.off('SIGINT', stop)
  }
}
