import type { Duplex } from 'node:stream'
import { type ConnectorCode, ConnectorError } from '../errors.ts'
import type { Tunnel } from './tunnel.ts'

/** A connector that lost its link is back within this, or somebody else took over, ms. */
const PATIENCE_MS = 2_000
/** How long a connector that could not open a target is asked after the others, ms. */
const AVOID_MS = 10_000
const MOST_AVOIDED = 256

/** What is told where several connectors failed: what says most about the target. */
const TELLING: readonly ConnectorCode[] = [
  'GS_CONNECTOR_TARGET_UNREACHABLE',
  'GS_CONNECTOR_TARGET_NOT_ALLOWED',
  'GS_CONNECTOR_BUSY',
  'GS_CONNECTOR_CLOSED',
]

/** Links by name, and which of them is asked. */
export function dialling() {
  const links = new Map<string, Set<Tunnel>>()
  const waiting = new Map<string, Set<() => void>>()
  /** `tunnel target`, and until when it comes last. */
  const avoided = new Map<string, number>()

  function next(name: string, target: string, tried: ReadonlySet<Tunnel>): Tunnel | undefined {
    const now = performance.now()
    const rank = ({ facts, streams, opened }: Tunnel) => [(avoided.get(`${facts.tunnel} ${target}`) ?? 0) > now ? 1 : 0, streams, opened]
    return [...(links.get(name) ?? [])]
      .filter((tunnel) => tunnel.open && !tried.has(tunnel))
      .map((tunnel) => ({ tunnel, rank: rank(tunnel) }))
      .sort((a, b) => compare(a.rank, b.rank))[0]?.tunnel
  }

  function avoid({ facts }: Tunnel, target: string): void {
    if (avoided.size >= MOST_AVOIDED) avoided.delete(avoided.keys().next().value!)
    avoided.set(`${facts.tunnel} ${target}`, performance.now() + AVOID_MS)
  }

  /** Resolves when a link of that name comes up, or after that long. */
  function linkUp(name: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const here = waiting.get(name) ?? new Set()
      waiting.set(name, here)
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
        here.delete(done)
        if (here.size === 0) waiting.delete(name)
        resolve()
      }
      const aborted = () => {
        done()
        reject(signal.reason)
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', aborted, { once: true })
      here.add(done)
    })
  }

  return {
    links,
    add(tunnel: Tunnel): void {
      const { name } = tunnel.facts
      links.set(name, (links.get(name) ?? new Set()).add(tunnel))
      for (const done of [...(waiting.get(name) ?? [])]) done()
    },
    remove(tunnel: Tunnel): void {
      const { name } = tunnel.facts
      const left = links.get(name)
      left?.delete(tunnel)
      if (left?.size === 0) links.delete(name)
    },
    /** Ends the waits of a name, or of all. */
    wake(): void {
      for (const here of waiting.values()) for (const done of [...here]) done()
    },
    /** @param isOver no stream is to be opened any more */
    async dial(
      name: string,
      target: string,
      of: { readonly resource: string; readonly session?: string },
      signal: AbortSignal,
      isOver: () => boolean,
    ): Promise<Duplex> {
      const until = performance.now() + PATIENCE_MS
      const tried = new Set<Tunnel>()
      const refused: ConnectorError[] = []
      for (;;) {
        signal.throwIfAborted()
        if (isOver()) throw new ConnectorError('GS_CONNECTOR_STOPPING')
        const tunnel = next(name, target, tried)
        if (tunnel) {
          tried.add(tunnel)
          try {
            return await tunnel.dial(target, of, signal)
          } catch (error) {
            if (!(error instanceof ConnectorError)) throw error
            refused.push(error)
            if (error.code !== 'GS_CONNECTOR_CLOSED') avoid(tunnel, target)
          }
          continue
        }
        // One that went away meanwhile may be back soon; one that said no would say it again.
        const answer = mostTelling(refused)
        const left = until - performance.now()
        if ((answer && answer.code !== 'GS_CONNECTOR_CLOSED') || left <= 0) throw answer ?? absent(links.get(name))
        await linkUp(name, left, signal)
      }
    },
  }
}

/** Links that are full are there all the same. */
const absent = (links: ReadonlySet<Tunnel> | undefined) =>
  new ConnectorError([...(links ?? [])].some(({ draining }) => !draining) ? 'GS_CONNECTOR_BUSY' : 'GS_CONNECTOR_ABSENT')

function mostTelling(refused: readonly ConnectorError[]): ConnectorError | undefined {
  return [...refused].sort((a, b) => TELLING.indexOf(a.code) - TELLING.indexOf(b.code))[0]
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at === -1 ? 0 : a[at]! - b[at]!
}
