import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import {
  examineDoor,
  parseAllowed,
  type RunningConnector,
  readConnectorKey,
  type ConnectorOptions as Started,
  startConnector,
} from '../connector/target/index.ts'
import { version } from '../gateway/version.ts'
import { CodedError } from '../operations/index.ts'
import { type ConnectorStateAnswer, serveHealth } from './connector-health.ts'
import { type ConnectorOptions, type ConnectorSettings, connectorSettings } from './connector-settings.ts'
import { CliError } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { createLog, type LogFormat } from './log.ts'
import type { Signals } from './serve.ts'
import type { Shell } from './shell.ts'

/** How long the door may take to answer a check, ms. */
const CHECK_MS = 5_000
/** Longer than any token, characters. */
const TOKEN_CHARACTERS = 16 * 1024

/**
 * Runs the connector in this process until it is told to stop, or until the gateway lets it in no more.
 * @throws CodedError where it does not start, and why the gateway lets it in no more
 */
export async function runConnector(
  options: ConnectorOptions,
  { format, json }: { readonly format: LogFormat; readonly json: boolean },
  { surroundings, printer }: Shell,
  signals: Signals = process,
): Promise<void> {
  const settings = connectorSettings(options, surroundings)
  const log = createLog({ format, level: 'info', destination: surroundings.stderr })
  const connector = await startConnector(partsOf(settings, log))
  // It lets open streams finish first, which ending this process would not.
  if (!surroundings.release()) return connector.stop()
  const forget = listenToSignals(connector, settings, log, signals, () => connectorSettings(options, surroundings).allow)
  try {
    const health = await serveHealth(settings.data, settings.health, () => stateOf(connector))
    try {
      if (json)
        printer.jsonLine({ gateway: settings.gateway.origin, allow: settings.allow, ...(health.probes && { health: health.probes }) })
      else printer.line(`dials ${settings.gateway.origin}, reaches ${settings.allow.join(', ')}`)
      const refused = await connector.ended
      if (refused) throw refused
      log.info('stopped')
    } finally {
      await health.close()
    }
  } finally {
    forget()
    await connector.stop()
  }
}

/** Everything that can be wrong before a link is up: settings, key or token, and whether the door is reached, trusted, and the one for connectors. @throws CodedError */
export async function checkConnector(options: ConnectorOptions, json: boolean, { surroundings, printer }: Shell): Promise<void> {
  const settings = connectorSettings(options, surroundings)
  settings.allow.forEach(parseAllowed)
  const id = readConnectorKey(settings.data)?.id
  if (id === undefined && tokenOf(settings) === undefined && settings.workloadTokenFile === undefined) {
    throw new CliError(
      'GS_CLI_CONNECTOR_SETTINGS',
      `${settings.data} holds no key, and there is nothing to enrol with: --token-file or --workload-token-file.`,
    )
  }
  if (settings.workloadTokenFile !== undefined) readToken(settings.workloadTokenFile)
  await examineDoor(settings, CHECK_MS, surroundings.signal)
  const who = id ?? 'not enrolled yet'
  if (json) printer.json({ ok: true, gateway: settings.gateway.origin, ...(id && { id }), allow: settings.allow })
  else printer.line(`The settings are in order, and ${settings.gateway.origin} answers (${who}).`)
}

function partsOf(settings: ConnectorSettings, log: Logger): Started {
  const { gateway, ca, name, data, allow, workloadTokenFile } = settings
  const token = tokenOf(settings)
  return {
    ...{ gateway, data, log, version: version(), allow: allow.map(parseAllowed) },
    ...(ca !== undefined && { ca }),
    ...(name !== undefined && { name }),
    ...(token !== undefined && { token }),
    ...(workloadTokenFile !== undefined && { workloadToken: async () => readToken(workloadTokenFile) }),
  }
}

/** A connector that is enrolled needs none any more, so its file may be gone. */
function tokenOf({ data, tokenFile }: ConnectorSettings): string | undefined {
  if (tokenFile === undefined) return undefined
  try {
    return readToken(tokenFile)
  } catch (error) {
    if (readConnectorKey(data) !== undefined) return undefined
    throw error
  }
}

function readToken(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new CliError('GS_CLI_FILE', `${path} cannot be read.`, { cause: error })
  }
  if (/^[\x21-\x7e]+$/.test(text) && text.length <= TOKEN_CHARACTERS) return text
  throw new CliError('GS_CLI_FILE', `${path} holds no token.`)
}

/** The first signal drains, a second one ends at once. @param reread what is allowed, as it stands now @returns hears them no more */
function listenToSignals(
  connector: RunningConnector,
  { drain }: ConnectorSettings,
  log: Logger,
  signals: Signals,
  reread: () => readonly string[],
): () => void {
  let isStopping = false
  const stop = () => {
    if (isStopping) {
      log.warn('stopping at once, because it was asked for twice')
      return signals.exit(exitCodes.refused.code)
    }
    isStopping = true
    log.info({ streams: connector.state().streams, patienceMs: drain }, 'stopping: open streams may finish')
    connector.drain(drain).catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
  }
  const allow = () => {
    try {
      const targets = reread()
      connector.allow(targets.map(parseAllowed))
      log.info({ allow: targets }, 'what may be reached was read again, and is in force')
    } catch (error) {
      const { code, message } = error instanceof CodedError ? error : { code: 'GS_CLI_FAILED', message: String(error) }
      log.error({ code }, `what may be reached stays as it is: ${message}`)
    }
  }
  signals.on('SIGTERM', stop)
  signals.on('SIGINT', stop)
  signals.on('SIGHUP', allow)
  return () => {
    signals.off('SIGTERM', stop)
    signals.off('SIGINT', stop)
    signals.off('SIGHUP', allow)
  }
}

function stateOf(connector: RunningConnector): ConnectorStateAnswer {
  const { phase, since, lastError, ...state } = connector.state()
  return {
    ...state,
    ...{ process: process.pid, version: version(), state: phase, ready: phase === 'up', since: new Date(since).toISOString() },
    ...(lastError && { error: { code: lastError.code, message: lastError.message, next: lastError.next } }),
  }
}
