import type { Logger } from 'pino'
import type { RunningGateway } from '../gateway/index.ts'
import { CodedError } from '../operations/index.ts'
import type { NewLogOrder } from '../trail/index.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { type GatewayRoom, gatewayRoom } from './gateway.ts'
import { createLog, type LogOptions } from './log.ts'

/** What stops and reloads a service; the process, or a test. */
export interface Signals {
  on(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', then: () => void): unknown
  off(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', then: () => void): unknown
  /** Ends the process now. */
  exit(code: number): void
}

export interface ServeOptions extends LogOptions {
  /** Why the log that is there is set aside and a new one begun. */
  readonly newLog?: NewLogOrder
}

/**
 * Runs a gateway in this process until it stops.
 * @returns the exit code: 0 after a stop that was asked for
 */
export async function serve(
  configPath: string,
  { newLog, ...logging }: ServeOptions,
  room: () => Promise<Pick<GatewayRoom, 'startGateway'>> = gatewayRoom,
  signals: Signals = process,
): Promise<number> {
  const log = createLog(logging)
  const starting = new AbortController()
  let running: RunningGateway | undefined
  let asked = 0
  const stop = () => {
    asked += 1
    if (asked > 1) {
      log.warn('stopping at once, because it was asked for twice')
      return signals.exit(exitCodes.refused.code)
    }
    log.info('stopping: live sessions may finish')
    starting.abort()
    running?.stop().catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
  }
  const reload = () => void reloaded(running, log)
  signals.on('SIGTERM', stop)
  signals.on('SIGINT', stop)
  signals.on('SIGHUP', reload)
  try {
    const { startGateway } = await room()
    starting.signal.throwIfAborted()
    running = await startGateway({ configPath, log, signal: starting.signal, ...(newLog && { newLog }) })
    if (starting.signal.aborted) await running.stop()
    else if (running.firstAdminLink !== undefined) process.stderr.write(firstAdmin(running.firstAdminLink))
    if (!starting.signal.aborted) log.info({ ...running.ready, startMs: Math.round(performance.now()) }, 'ready')
    const code = await running.stopped
    log.info({ code }, 'stopped')
    return code
  } catch (error) {
    if (starting.signal.aborted) return exitCodes.ok.code
    return refused(error, log)
  } finally {
    signals.off('SIGTERM', stop)
    signals.off('SIGINT', stop)
    signals.off('SIGHUP', reload)
  }
}

/** Not through the log: it is a credential, and logs are kept and shipped. */
function firstAdmin(link: string): string {
  return `\nNobody administers this gateway yet. Whoever signs in here within an hour does:\n\n  ${link}\n\n`
}

function refused(error: unknown, log: Logger): number {
  if (!(error instanceof CodedError)) {
    log.fatal({ err: error }, 'the gateway did not start')
    return exitCodes.refused.code
  }
  log.fatal({ code: error.code, next: error.next }, error.message)
  return exitCodeOf(error.code)
}

/** A refused configuration changes nothing, and is recorded by the gateway. */
async function reloaded(running: RunningGateway | undefined, log: Logger): Promise<void> {
  try {
    const result = await running?.reload()
    if (result) log.info(result, result.changed ? 'the configuration was read again and is in force' : 'the configuration has not changed')
  } catch (error) {
    const { code, message, next } = error instanceof CodedError ? error : { code: 'GS_CLI_FAILED', message: String(error), next: '' }
    log.error({ code, next }, `the configuration is refused, the running one stays: ${message}`)
  }
}
