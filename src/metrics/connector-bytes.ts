import type { Reading } from './families.ts'
import type { ConnectorSource } from './sources.ts'

/** Sums what tunnels carried over tunnels that come and go, so that it only grows; what one carried behind the last look at it is not counted. */
export class ConnectorBytes {
  readonly #connectors: Pick<ConnectorSource, 'names' | 'state'>
  readonly #sums = new Map<string, { in: number; out: number }>()
  #last = new Map<string, { readonly in: number; readonly out: number }>()

  constructor(connectors: Pick<ConnectorSource, 'names' | 'state'>) {
    this.#connectors = connectors
  }

  read(): readonly Reading[] {
    const now = new Map<string, { readonly in: number; readonly out: number }>()
    for (const { name, id, bytesIn, bytesOut } of this.#connectors.state()) {
      const before = this.#last.get(id)
      const sum = this.#sums.get(name) ?? { in: 0, out: 0 }
      // The same connector on a new connection begins at 0 again.
      sum.in += bytesIn - (before && before.in <= bytesIn ? before.in : 0)
      sum.out += bytesOut - (before && before.out <= bytesOut ? before.out : 0)
      this.#sums.set(name, sum)
      now.set(id, { in: bytesIn, out: bytesOut })
    }
    this.#last = now
    return this.#connectors.names().flatMap((name): Reading[] => {
      const sum = this.#sums.get(name) ?? { in: 0, out: 0 }
      return [
        [[name, 'in'], sum.in],
        [[name, 'out'], sum.out],
      ]
    })
  }
}
