import { hash } from 'node:crypto'
import { type Fields, field, isText } from './json.ts'
import { decode } from './note.ts'
import type { Extent } from './semantics.ts'
import { attempt, Failure } from './verdict.ts'

/** What a log folder or bundle says it holds. */
export interface Holding {
  readonly extent: Extent
  /** How many entries, where it says so. */
  readonly count?: number
  /** First index and the one behind the last, where there is no hole between. A first one of `undefined` is whatever was not pruned. */
  readonly range?: readonly [first: number | undefined, end: number]
  /** Whether an entry is one of them. */
  has?(entry: Fields): boolean
  /** Disclosed payloads, in the order of their entries. */
  readonly payloads?: Iterator<Fields>
}

/** Compares what is held with what should be. Entries come in order; of each verdict the first failure is kept. */
export class Held {
  count = 0
  readonly #holding: Holding
  readonly #payloads = { matched: 0, erased: 0 }
  #next: number | undefined
  #first: number | undefined
  #incomplete: Failure | undefined
  #mismatch: Failure | undefined
  #line: IteratorResult<Fields> | undefined

  constructor(holding: Holding) {
    this.#holding = holding
    this.#next = holding.range?.[0]
    this.#line = holding.payloads?.next()
  }

  see(index: number, entry: Fields): void {
    const { range, has, payloads } = this.#holding
    const next = this.#next ?? index
    const hole = range !== undefined && index > next
    if (index < next) this.#incomplete ??= new Failure('complete', `entry ${index} comes after entry ${next - 1}`, index)
    if (hole) this.#incomplete ??= new Failure('complete', `entries ${next} to ${index - 1} are missing`, next)
    if (has && !has(entry))
      this.#incomplete ??= new Failure('complete', `entry ${index} is not of those that the bundle says it holds`, index)
    this.#first ??= index
    this.#next = index + 1
    this.count++
    for (; this.#line && !this.#line.done && field(this.#line.value, 'entry') === index; this.#line = payloads?.next()) {
      if (field(this.#line.value, 'erased') === true) this.#payloads.erased++
      else {
        const { value } = this.#line
        this.#mismatch ??= attempt(() => checkPayload(index, entry, value))
        this.#payloads.matched++
      }
    }
  }

  /** @throws Failure */
  complete(): string {
    const { range, count = this.count } = this.#holding
    if (this.#incomplete) throw this.#incomplete
    const next = this.#next ?? 0
    if (range && next !== range[1]) throw new Failure('complete', `entries ${next} to ${range[1] - 1} are missing`, next)
    if (count !== this.count) throw new Failure('complete', `${count} entries should be here, and ${this.count} are`)
    if (!range) return `${count} entries, scattered over the log`
    return `entries ${this.#first ?? 0} to ${next - 1} without a hole`
  }

  /** @throws Failure */
  payloads(): string {
    if (this.#mismatch) throw this.#mismatch
    if (this.#line && !this.#line.done) throw new Failure('payload', 'payloads are out of order, or of an entry that is not here')
    const { matched, erased } = this.#payloads
    return `${matched} are what their entries commit to; ${erased} are erased`
  }
}

/** SHA-256(salt ‖ content) is what the entry commits to. @throws Failure; Unusable where salt or content is not well encoded */
export function checkPayload(index: number, entry: unknown, payload: unknown): void {
  const [name, salt, content] = [field(payload, 'name'), decode(field(payload, 'salt'), 'base64url'), decode(field(payload, 'content'))]
  const commitment = isText(name) ? field(field(entry, 'payloads'), name) : undefined
  if (salt.length === 32 && hash('sha256', Buffer.concat([salt, content]), 'base64url') === commitment) return
  throw new Failure('payload', `entry ${index} does not commit to its payload ${name}`, index)
}
