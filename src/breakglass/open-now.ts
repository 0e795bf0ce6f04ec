import type { Run } from '../operations/index.ts'
import type { ClosedWhy, Opening, Openings } from './openings.ts'

/** What is open now, by the person whom it is for. */
export class OpenNow implements Openings {
  readonly #byPerson = new Map<string, Opening[]>()
  readonly #listeners = new Set<(opening: Opening, why: ClosedWhy) => void>()

  add(opening: Opening): void {
    const key = keyOf(opening)
    const all = [...(this.#byPerson.get(key) ?? []), opening]
    // The first that covers is the one that lasts longest.
    this.#byPerson.set(
      key,
      all.sort((a, b) => b.until - a.until),
    )
  }

  /** Whoever listens is told before this returns. */
  end(id: string, why: ClosedWhy): void {
    for (const [key, all] of this.#byPerson) {
      const ended = all.find((opening) => opening.id === id)
      if (!ended) continue
      const rest = all.filter((opening) => opening !== ended)
      if (rest.length > 0) this.#byPerson.set(key, rest)
      else this.#byPerson.delete(key)
      for (const listener of this.#listeners) listener(ended, why)
    }
  }

  covering({ principal }: Pick<Run, 'principal'>, resource: string, now: number): Opening | undefined {
    if (this.#byPerson.size === 0 || principal.kind !== 'person') return undefined
    return this.#byPerson
      .get(keyOf(principal))
      ?.find(
        ({ until, resources, groups }) =>
          now < until && resources.includes(resource) && groups.some((group) => principal.groups.includes(group)),
      )
  }

  onClosed(listener: (opening: Opening, why: ClosedWhy) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

const keyOf = ({ issuer, subject }: { readonly issuer: string; readonly subject: string }) => JSON.stringify([issuer, subject])
