import { type Fields, field, isCount, list } from './json.ts'

/** The most operations that one entry can leave out. */
const MOST_LEFT_OUT = 65_536

export type Effect = 'allow' | 'ask' | 'deny'
/** Operations by effect. */
export type Decisions = Record<Effect, number>

/**
 * The operations of a session. Their numbers rise by one, but for those that a gap tells of, and each intent has one outcome.
 * A step returns what is wrong with its entry, if anything is.
 */
export class Session {
  operations = 0
  readonly #decisions: Decisions
  readonly #effects = new Map<unknown, Effect>()
  /** By number: the index of the intent that has no outcome; less than zero, that of an entry that left the number out. */
  readonly #owed = new Map<number, number>()
  #next = 1

  /** @param decisions those of its run, to which its own are added */
  constructor(decisions: Decisions) {
    this.#decisions = decisions
  }

  /** How much is kept of it. */
  get kept(): number {
    return 1 + this.#owed.size + this.#effects.size
  }

  step(index: number, kind: string, entry: Fields): string | undefined {
    if (kind === 'operation.intent') return this.#intend(index, entry)
    if (kind === 'operation.outcome') return this.#settle(entry)
    return kind === 'gap' ? this.#excuse(index, entry) : undefined
  }

  /** What is undone when it closes, with the index of the entry that it began with. */
  undone(): readonly [index: number, why: string][] {
    return [...this.#owed].map(([n, at]) =>
      at < 0 ? [-at, `leaves out operation ${n}`] : [at, `has operation ${n}, which has no outcome`],
    )
  }

  #intend(index: number, entry: Fields): string | undefined {
    for (const [decision, effect] of rows(entry, 'decisions'))
      if (isCount(decision) && isEffect(effect)) this.#effects.set(decision, effect)
    for (const [n, , decision] of rows(entry, 'ops')) {
      if (!this.#reach(index, n)) return `has operation ${n} where ${this.#next} belongs`
      this.#owed.set(this.#next++, index)
      this.operations++
      const effect = this.#effects.get(decision)
      if (effect === undefined) return `has operation ${n} with a decision that was not said`
      this.#decisions[effect]++
    }
    return undefined
  }

  #settle(entry: Fields): string | undefined {
    for (const [n] of rows(entry, 'outcomes')) {
      if ((this.#owed.get(n as number) ?? -1) < 0) return `has an outcome of operation ${n}, which has no open intent`
      this.#owed.delete(n as number)
    }
    return undefined
  }

  /** Operations that were refused, as their intents could not be written: they owe neither intent nor outcome. */
  #excuse(index: number, entry: Fields): string | undefined {
    const [first, last] = [field(entry, 'first'), field(entry, 'last')]
    if (!isCount(first) || !isCount(last)) return 'is a gap of no operations'
    for (let n = first; n <= last && n < this.#next; n++) if (!this.#owed.delete(n)) return `excuses operation ${n}, which has ended`
    if (last < this.#next) return undefined
    if (!this.#reach(index, Math.max(first, this.#next))) return `has a gap from operation ${first} on, where ${this.#next} belongs`
    this.#next = last + 1
    return undefined
  }

  /** Goes on to an operation; those before it are owed a gap. @returns false where it cannot come next */
  #reach(index: number, n: unknown): n is number {
    if (!isCount(n) || n < this.#next || n - this.#next > MOST_LEFT_OUT) return false
    for (; this.#next < n; this.#next++) this.#owed.set(this.#next, -index)
    return true
  }
}

const rows = (entry: Fields, name: string): readonly (readonly unknown[])[] => list(field(entry, name)).map(list)
const isEffect = (effect: unknown): effect is Effect => effect === 'allow' || effect === 'ask' || effect === 'deny'
