import { lookup } from 'node:dns/promises'

/** The addresses of a name. @throws where there are none */
export type Resolve = (host: string) => Promise<readonly string[]>

/** The system's: also by its hosts file, and in its order. */
export const system: Resolve = async (host) => (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address)

/** The system's resolver takes a thread of the pool for as long as it likes, and the pool has few, which files are written by too. */
const AT_ONCE = 2

/** The same, few at once, and each name once at a time. */
export function fewAtOnce(resolve: Resolve, atOnce: number = AT_ONCE): Resolve {
  const underWay = new Map<string, Promise<readonly string[]>>()
  const waiting: (() => void)[] = []
  let running = 0
  const turn = async (host: string): Promise<readonly string[]> => {
    if (running >= atOnce) await new Promise<void>((go) => waiting.push(go))
    else running += 1
    try {
      return await resolve(host)
    } finally {
      const next = waiting.shift()
      // Whoever waits takes over the place.
      if (next) next()
      else running -= 1
    }
  }
  return (host) => {
    const known = underWay.get(host)
    if (known) return known
    const asked = turn(host).finally(() => underWay.delete(host))
    underWay.set(host, asked)
    return asked
  }
}
