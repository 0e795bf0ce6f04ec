import type { RunId } from '../operations/index.ts'
import type { LinkReference } from '../trail/index.ts'

/** Links of one run that are known, twice at most; whose chains are longer, or forgotten, are recorded again. */
const LINKS_OF_RUN = 16_384
/** Links of all runs, roughly 250 bytes each. */
const LINKS = 131_072
/** Requests after which they are counted again. */
const BETWEEN_TRIMS = 64

/** A link that is recorded. */
export interface KnownLink extends LinkReference {
  /** Tells it apart from every other of its run, in memory. */
  readonly id: number
}

/** What the trail holds of what one run said again and again, whichever of its sessions said it. */
export class RunHistories {
  /** By the digest of its part behind the id of the link before it. What is used moves to the young; when those are many, the others are forgotten. */
  #young = new Map<string, KnownLink>()
  #old = new Map<string, KnownLink>()
  /** The link that brought a part, by the part's digest. */
  #youngParts = new Map<string, LinkReference>()
  #oldParts = new Map<string, LinkReference>()
  #last = 0

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** @param before undefined: none. @param digest of a part. @returns the link that says that the part follows it, where that is recorded */
  link(before: KnownLink | undefined, digest: string): KnownLink | undefined {
    const key = keyOf(before, digest)
    const link = this.#young.get(key)
    if (link) return link
    const old = this.#old.get(key)
    if (old) this.#keep(key, old)
    return old
  }

  /** The link that brought a part of this digest. */
  part(digest: string): LinkReference | undefined {
    const part = this.#youngParts.get(digest)
    if (part) return part
    const old = this.#oldParts.get(digest)
    if (old) this.#youngParts.set(digest, old)
    return old
  }

  /** From here on it is recorded. @param brings whether the part is recorded with it */
  add(before: KnownLink | undefined, digest: string, { session, link }: LinkReference, brings: boolean): KnownLink {
    const added = { id: ++this.#last, session, link }
    this.#keep(keyOf(before, digest), added)
    if (brings) this.#youngParts.set(digest, added)
    return added
  }

  #keep(key: string, link: KnownLink): void {
    if (this.#young.size >= LINKS_OF_RUN) {
      this.#old = this.#young
      this.#young = new Map()
      this.#oldParts = this.#youngParts
      this.#youngParts = new Map()
    }
    this.#young.set(key, link)
  }
}

/** A digest has one length, so that no two pairs come to the same. */
function keyOf(before: KnownLink | undefined, digest: string): string {
  return before === undefined ? digest : digest + before.id
}

/** Those of all runs; of the ones that spoke longest ago, nothing is kept once there are too many. */
export class Histories {
  readonly #byRun = new Map<RunId, RunHistories>()
  #asked = 0

  of(run: RunId): RunHistories {
    const known = this.#byRun.get(run) ?? new RunHistories()
    this.#byRun.delete(run)
    this.#byRun.set(run, known)
    if (++this.#asked % BETWEEN_TRIMS === 0) this.#trim()
    return known
  }

  /** After an entry was not written: nobody knows which links of the run are recorded. */
  forget(run: RunId): void {
    this.#byRun.delete(run)
  }

  #trim(): void {
    let links = 0
    for (const { size } of this.#byRun.values()) links += size
    for (const [run, { size }] of this.#byRun) {
      if (links <= LINKS || this.#byRun.size === 1) return
      this.#byRun.delete(run)
      links -= size
    }
  }
}
