import type { Decision } from '../operations/index.ts'

/** A number for each decision of one session, so that its rules and policy are said once. The policy shares equal decisions. */
export class DecisionReferences {
  #known = new WeakMap<Decision, number>()
  #last = 0

  /** @returns the reference, and whether this is its first use: then the decision must be said with it */
  refer(decision: Decision): { readonly reference: number; readonly first: boolean } {
    const known = this.#known.get(decision)
    if (known !== undefined) return { reference: known, first: false }
    this.#known.set(decision, ++this.#last)
    return { reference: this.#last, first: true }
  }

  /** After an entry that said decisions for the first time was not written: they are said again at their next use. */
  forget(): void {
    this.#known = new WeakMap()
  }
}
