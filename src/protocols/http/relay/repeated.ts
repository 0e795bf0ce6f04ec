import type { Operation } from '../../../operations/index.ts'

const MOST = 256
/** Characters. */
const LONGEST = 4_096

/** Requests of one session that were understood; the same object for the same request, as the trail and the rules keep by it. */
export class Repeated {
  readonly #known = new Map<string, Operation>()

  /** @param key all that the operation is made of */
  get(key: string, make: () => Operation): Operation {
    const before = this.#known.get(key)
    if (before) return before
    const made = make()
    if (key.length > LONGEST) return made
    this.#known.set(key, made)
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value as string)
    return made
  }
}
