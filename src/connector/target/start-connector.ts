import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '../../operations/index.ts'
import { type ConnectorCode, ConnectorError } from '../errors.ts'
import { backOff } from './back-off.ts'
import { openOwnKey } from './key-file.ts'
import { enrol, openTunnel, type Shown } from './let-in.ts'
import { type Link, openLink } from './link.ts'
import type { ConnectorOptions, ConnectorPhase, RunningConnector, RunningState } from './types.ts'

/** A link that lived this long was a good one: the next try need not wait, ms. */
const GOOD_MS = 5_000
/** No other answer is to be expected, however often it is asked for. */
const FOR_GOOD: ReadonlySet<string> = new Set<ConnectorCode>([
  'GS_CONNECTOR_REVOKED',
  'GS_CONNECTOR_TOKEN_INVALID',
  'GS_CONNECTOR_UNKNOWN',
  'GS_CONNECTOR_NO_TOKEN',
])

/** Whoever has something to enrol with does, then. */
const ENROLS_ANEW: ReadonlySet<string> = new Set<ConnectorCode>(['GS_CONNECTOR_UNKNOWN', 'GS_CONNECTOR_WORKLOAD_CHANGED'])

/** The catalogue speaks to whoever is at the gateway's end of a stream; the connector's log is read beside the target. */
const NEXT_HERE: Readonly<Partial<Record<ConnectorCode, string>>> = {
  GS_CONNECTOR_TARGET_NOT_ALLOWED:
    'Where the gateway is to reach it, allow it as it is written here: --allow host:port, or allow in --config and then SIGHUP. A name that leads to this machine or link is allowed by its address.',
  GS_CONNECTOR_TARGET_UNREACHABLE: 'Check on this machine that the name resolves, and that something answers at that port.',
}

/** A target that is asked for again and again is told of once a minute, ms. */
const TOLD_AGAIN_MS = 60_000
const MOST_TOLD = 1_000

/** Names of targets are the gateway's words: few are remembered. */
function sparingly(tell: (target: string, error: ConnectorError) => void) {
  const told = new Map<string, number>()
  return (target: string, error: ConnectorError) => {
    const [key, now] = [`${error.code} ${target}`, performance.now()]
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < TOLD_AGAIN_MS) return
    if (told.size >= MOST_TOLD) told.clear()
    told.set(key, now)
    tell(target, error)
  }
}

/**
 * Runs a connector in this process: dials the gateway, enrols where it must, keeps one link up, and serves streams to allowed targets. It is up
 * when `state()` says so.
 * @throws ConnectorError GS_CONNECTOR_FOLDER
 */
export async function startConnector(options: ConnectorOptions): Promise<RunningConnector> {
  const { log, version } = options
  const key = openOwnKey(options.data)
  const stopping = new AbortController()
  const { promise: ended, resolve: end } = Promise.withResolvers<CodedError | undefined>()
  const carried = { bytesIn: 0, bytesOut: 0 }
  let { allow } = options
  let { name } = options
  const canEnrol = options.token !== undefined || options.workloadToken !== undefined
  let unenrolled = key.made
  let phase: ConnectorPhase = 'connecting'
  let since = Date.now()
  let lastError: CodedError | undefined
  let link: Link | undefined

  function enter(next: ConnectorPhase): void {
    if (next === phase) return
    phase = next
    since = Date.now()
  }

  async function shown(): Promise<Shown> {
    if (options.token !== undefined) return { token: options.token }
    if (options.workloadToken) return { workloadToken: await options.workloadToken() }
    throw new ConnectorError(key.made ? 'GS_CONNECTOR_NO_TOKEN' : 'GS_CONNECTOR_UNKNOWN')
  }

  const onRefused = sparingly((target: string, { code, message, next }: ConnectorError) =>
    log.warn({ code, target, next: NEXT_HERE[code] ?? next }, message),
  )

  /** Until it is up. Whoever is not known enrols, and is then. */
  async function comeUp(): Promise<Link> {
    if (unenrolled) {
      enter('enrolling')
      await enrol(options, key, options.name, await shown(), stopping.signal)
      unenrolled = false
      log.info({ id: key.id }, 'enrolled')
    }
    enter('connecting')
    const opened = await openTunnel(options, key, version, stopping.signal)
    name = opened.name
    return openLink(opened.socket, { allowed: () => allow, onRefused })
  }

  async function keepUp(): Promise<CodedError | undefined> {
    const pauses = backOff()
    while (!stopping.signal.aborted) {
      try {
        link = await comeUp()
        // It came up behind whoever told it to stop.
        if (stopping.signal.aborted) link.cut()
        enter('up')
        lastError = undefined
        log.info({ id: key.id, name }, 'connected to the gateway')
        const upAt = performance.now()
        await link.down
        carried.bytesIn += link.bytesIn
        carried.bytesOut += link.bytesOut
        link = undefined
        if (stopping.signal.aborted || phase !== 'up') break
        if (performance.now() - upAt >= GOOD_MS) pauses.reset()
        throw new ConnectorError('GS_CONNECTOR_CLOSED')
      } catch (error) {
        if (stopping.signal.aborted) break
        const failed = error instanceof CodedError ? error : new ConnectorError('GS_CONNECTOR_FAILED', undefined, { cause: error })
        const { code, message, next } = failed
        const mayEnrol = ENROLS_ANEW.has(code) && canEnrol
        // An answer may get lost: whether this key is known is asked before it is shown again, as a workload's token is good for one time only.
        unenrolled = mayEnrol || (unenrolled && code !== 'GS_CONNECTOR_GATEWAY_UNREACHABLE')
        // That it is not known is no news to whoever is told why it is not taken in.
        if (!mayEnrol || lastError === undefined) lastError = failed
        if (FOR_GOOD.has(code) && !mayEnrol) {
          enter('refused')
          log.error({ code, next }, message)
          return failed
        }
        enter('connecting')
        const ms = pauses.next()
        log.warn({ code, ms: Math.round(ms), next }, message)
        await sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
    }
    return undefined
  }

  const running = keepUp().then((error) => {
    if (!error) enter('stopped')
    end(error)
  })

  async function stop(): Promise<void> {
    stopping.abort()
    link?.cut()
    await running
  }

  return {
    ended,
    stop,
    state(): RunningState {
      const { streams = 0, bytesIn = 0, bytesOut = 0, rttMs } = link ?? {}
      return {
        ...{ phase, since, id: key.id, streams, bytesIn: carried.bytesIn + bytesIn, bytesOut: carried.bytesOut + bytesOut },
        ...(name !== undefined && { name }),
        ...(rttMs !== undefined && { rttMs }),
        ...(lastError && { lastError: { code: lastError.code, message: lastError.message, next: lastError.next } }),
      }
    },
    allow(targets) {
      allow = targets
      link?.recheck()
    },
    async drain(patience, signal) {
      if (link && phase === 'up') {
        enter('draining')
        link.drain()
        const over = [AbortSignal.timeout(patience), ...(signal ? [signal] : [])]
        const given = AbortSignal.any(over)
        await Promise.race([link.down, new Promise((resolve) => given.addEventListener('abort', resolve, { once: true }))])
      }
      await stop()
    },
  }
}
