import type { StatementFacts } from '../statement-facts.ts'
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

  /** Behind this statement. What may end a name ends them all. */
  follow({ transitions }: StatementFacts): void {
    for (const transition of transitions) {
      switch (transition.kind) {
        case 'prepare':
          this.#prepared.set(transition.name, { statement: transition.statement, source: undefined })
          break
        case 'declare':
          this.#cursors.set(transition.name, transition.statement)
          break
        case 'opaque':
        case 'discard':
          this.#losePrepared()
          this.#loseCursors()
          break
        case 'deallocate':
          this.#losePrepared()
          break
        case 'close':
          this.#loseCursors()
          break
        case 'transaction':
          if (transition.verb !== 'begin' && transition.verb !== 'savepoint') this.#loseCursors()
      }
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
