import type { Tunnel } from './tunnel.ts'
import type { ConnectorTotals } from './types.ts'

type Count = { -readonly [K in keyof ConnectorTotals]: ConnectorTotals[K] }

/** What only grows, by name: names are those of the configuration, so they are few. */
export function counting() {
  const counts = new Map<string, Count>()
  const of = (name: string): Count => {
    const known = counts.get(name) ?? { connects: 0, streams: 0, refused: 0, bytesIn: 0, bytesOut: 0 }
    counts.set(name, known)
    return known
  }
  const grow = (name: string, what: 'connects' | 'streams' | 'refused') => {
    of(name)[what] += 1
  }
  return {
    /** A link came up. */
    connected: (name: string) => grow(name, 'connects'),
    /** A stream was opened. */
    opened: (name: string) => grow(name, 'streams'),
    refused: (name: string) => grow(name, 'refused'),
    /** What a link carried stays counted. */
    gone({ facts, carried }: Tunnel) {
      const count = of(facts.name)
      count.bytesIn += carried.in
      count.bytesOut += carried.out
    },
    /** @param links those that are up, which count with what they carried so far */
    read(links: ReadonlyMap<string, ReadonlySet<Tunnel>>): ReadonlyMap<string, ConnectorTotals> {
      return new Map(
        [...counts].map(([name, count]) => {
          const carried = [...(links.get(name) ?? [])].map((tunnel) => tunnel.carried)
          const sum = (of: 'in' | 'out') => carried.reduce((total, one) => total + one[of], 0)
          return [name, { ...count, bytesIn: count.bytesIn + sum('in'), bytesOut: count.bytesOut + sum('out') }]
        }),
      )
    },
  }
}
