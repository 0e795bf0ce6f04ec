import type { Claims } from '../operations/index.ts'

/** Sets that are recognised when they are said again. */
const RECOGNISED = 256

/** A number for each set of claims of one session, so that the trail says it once and refers to it afterwards. */
export class ClaimReferences {
  /** By what they say; most recently used last. */
  readonly #known = new Map<string, number>()
  #last = 0

  /** @returns its number, and what to record with it where it is used for the first time */
  refer(claims: Claims): { readonly reference: number; readonly first: boolean } {
    const text = JSON.stringify(claims)
    const before = this.#known.get(text)
    const reference = before ?? ++this.#last
    this.#known.delete(text)
    this.#known.set(text, reference)
    if (this.#known.size > RECOGNISED) this.#known.delete(this.#known.keys().next().value as string)
    return { reference, first: before === undefined }
  }

  /** After an entry that said sets for the first time was not written: they are said again at their next use. */
  forget(): void {
    this.#known.clear()
  }
}
