import type { Decision, Facts } from '../operations/index.ts'

/** What has to be said of a decision and of the facts that it was made on, with an operation. */
export interface Referred {
  readonly reference: number
  /** Whether this is the first use of the pair: then the decision must be said with it. */
  readonly first: boolean
  /** The number of the facts; undefined where nothing is known of the operation. */
  readonly facts: number | undefined
  /** Whether these facts were never said: then they must be recorded with it. */
  readonly newFacts: boolean
}

/** Pairs that a session remembers before it begins anew: facts are as many as its texts may be. */
const REMEMBERED = 4_096

/**
 * A number for each pair of decision and facts of one session, so that rules, policy and facts are said once. Equal decisions and equal
 * facts are the same object where they come from.
 */
export class DecisionReferences {
  #pairs = new WeakMap<Decision, WeakMap<object, Referred>>()
  #facts = new WeakMap<Facts, number>()
  #remembered = 0
  #lastPair = 0
  #lastFacts = 0

  refer(decision: Decision, facts: Facts | undefined): Referred {
    let known = this.#pairs.get(decision)
    const referred = known?.get(facts ?? NO_FACTS)
    if (referred !== undefined) return referred
    if (this.#remembered === REMEMBERED) {
      this.forget()
      known = undefined
    }
    this.#remembered += 1
    if (known === undefined) {
      known = new WeakMap()
      this.#pairs.set(decision, known)
    }
    const before = facts && this.#facts.get(facts)
    const number = facts && (before ?? ++this.#lastFacts)
    if (facts && number !== undefined) this.#facts.set(facts, number)
    const reference = ++this.#lastPair
    known.set(facts ?? NO_FACTS, { reference, first: false, facts: number, newFacts: false })
    return { reference, first: true, facts: number, newFacts: facts !== undefined && before === undefined }
  }

  /** After an entry that said decisions for the first time was not written: they are said again at their next use. */
  forget(): void {
    this.#pairs = new WeakMap()
    this.#facts = new WeakMap()
    this.#remembered = 0
  }
}

const NO_FACTS = {}
