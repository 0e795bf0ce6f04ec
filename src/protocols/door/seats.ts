/** How many connections each run has: one that opens ever more of them must not keep the others out. */
export class Seats {
  readonly #most: number
  readonly #taken = new Map<string, number>()

  /** @param most connections of one run, at once */
  constructor(most: number) {
    this.#most = most
  }

  /** @returns whether there was one; whoever gets it gives it back by `leave` */
  take(run: string): boolean {
    const taken = this.#taken.get(run) ?? 0
    if (taken >= this.#most) return false
    this.#taken.set(run, taken + 1)
    return true
  }

  leave(run: string): void {
    const left = (this.#taken.get(run) ?? 1) - 1
    if (left > 0) this.#taken.set(run, left)
    else this.#taken.delete(run)
  }
}
