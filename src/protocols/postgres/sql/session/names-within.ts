import type { StatementFacts } from '../statement-facts.ts'
import { decisive, endsTransaction } from './decisive.ts'
import type { Names, Prepared } from './names.ts'

/** What names stand for within one text: what an earlier statement of it makes of a name, a later one meets. */
export class NamesWithin {
  #around: { readonly prepared: Names | undefined; readonly cursors: Names | undefined }
  readonly #prepared = new Map<string, Prepared>()
  readonly #cursors = new Map<string, StatementFacts>()

  constructor(around: Names) {
    this.#around = { prepared: around, cursors: around }
  }

  prepared(name: string): Prepared | undefined {
    return this.#prepared.get(name) ?? this.#around.prepared?.prepared(name)
  }

  cursor(name: string): StatementFacts | undefined {
    return this.#cursors.get(name) ?? this.#around.cursors?.cursor(name)
  }

  /**
   * Behind this statement. What may end one name ends them all; and a statement that was prepared before names came to mean something
   * else is not known any more.
   */
  follow({ transitions }: StatementFacts): void {
    for (const transition of transitions) {
      const ends = endsTransaction(transition)
      if (transition.kind === 'prepare') this.#prepared.set(transition.name, { statement: transition.statement, source: undefined })
      else if (transition.kind === 'declare') this.#cursors.set(transition.name, transition.statement)
      else if (ends || decisive(transition)) this.#losePrepared()
      if (ends || ENDING_CURSORS.has(transition.kind)) this.#loseCursors()
    }
  }

  #losePrepared(): void {
    this.#prepared.clear()
    this.#around = { ...this.#around, prepared: undefined }
  }

  #loseCursors(): void {
    this.#cursors.clear()
    this.#around = { ...this.#around, cursors: undefined }
  }
}

const ENDING_CURSORS: ReadonlySet<string> = new Set(['opaque', 'discard', 'close'])
