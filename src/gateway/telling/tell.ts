import type { TlsOptions } from 'node:tls'
import { isLoopback } from '../../config/index.ts'
import type { CodedError } from '../../operations/index.ts'
import { GatewayError } from '../errors.ts'
import type { GatewayLog } from '../log.ts'
import type { Rooms } from '../rooms.ts'
import { unavailable } from '../unavailable.ts'
import { version } from '../version.ts'
import { toldTrail } from './signed-before.ts'
import { sourcesOf } from './sources.ts'

/** The gateway tells of itself. */
export interface Telling {
  /** `host:port`; undefined where it only pushes. */
  readonly listening: string | undefined
  /** Presents these from now on. */
  setTls(tls: TlsOptions): void
  close(): Promise<void>
}

export interface TellingParts {
  /** Whether all doors are open. */
  readonly isOpen: () => boolean
  readonly draining: () => boolean
  readonly connections: () => Iterable<readonly [door: string, connections: number]>
}

/** How long a stop waits for the last push, ms. */
const LAST_PUSH_MS = 1_000

/**
 * Opens the door for metrics and begins to push them, as configured. It is the first door: whoever watches a start sees why it takes long.
 * @returns undefined where neither is configured
 * @throws GatewayError GS_GATEWAY_ADDRESS
 */
export async function startTelling(
  rooms: Rooms,
  log: GatewayLog,
  { isOpen, draining, connections }: TellingParts,
): Promise<Telling | undefined> {
  const { metrics, references } = rooms
  if (metrics === undefined) return undefined
  const { MetricsError, metricsDoor, startPush } = await import('../../metrics/index.ts')
  const { gateway, metrics: settings } = rooms.inForce.config
  const reasons = (): readonly CodedError[] => {
    const why = unavailable(rooms.trail, draining())
    return [...(why ? [why] : []), ...(isOpen() || draining() ? [] : [new MetricsError('GS_METRICS_STARTING')])]
  }
  const push =
    settings.otlp &&
    startPush({
      url: settings.otlp.url,
      every: settings.otlp.every,
      headers: () => revealed(settings.otlp?.headers ?? {}, references),
      metrics: () => metrics.otlp({ version: version(), instance: `${gateway.origin}/${gateway.instance}` }),
      log,
    })
  const trail = await toldTrail(rooms.trail, gateway.data)
  metrics.look(sourcesOf(rooms, { trail, ready: () => reasons().length === 0, connections, push: push && (() => push.state) }))
  const address = gateway.listen.metrics
  const { token } = settings
  const door =
    address &&
    metricsDoor({
      text: (open) => metrics.text(open),
      reasons,
      token: token && (async () => (await references.secret(token)).secret.reveal()),
      ...(!isLoopback(address.host) && { tls: rooms.tls.options() }),
    })
  const closePush = (patience: number) => push?.close(patience)
  try {
    const port = address && (await door?.listen(address))
    return {
      listening: address && port !== undefined ? text(address.host, port) : undefined,
      setTls: (tls) => door?.setTls(tls),
      async close() {
        await Promise.all([door?.close(), closePush(LAST_PUSH_MS)])
        metrics.close()
      },
    }
  } catch (cause) {
    await closePush(0)
    const { code } = cause as NodeJS.ErrnoException
    const at = address && text(address.host, address.port)
    throw new GatewayError('GS_GATEWAY_ADDRESS', `The metrics door cannot listen on ${at} (${code}).`, { cause })
  }
}

async function revealed(
  headers: Readonly<Record<string, Parameters<Rooms['references']['secret']>[0]>>,
  references: Rooms['references'],
): Promise<Readonly<Record<string, string>>> {
  const pairs = Object.entries(headers).map(async ([name, value]) => [name, (await references.secret(value)).secret.reveal()] as const)
  return Object.fromEntries(await Promise.all(pairs))
}

function text(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
