/** Of one request: exporters send 512 spans at a time, which have some dozens of parts each. */
const MOST = 100_000

/** There is more in a request than is read in one go. */
export class TooManyParts extends Error {}

/** Counts what is read of one request, so that it takes no longer than so many parts do, however small they are. */
export class Parts {
  #count = 0

  /** @throws TooManyParts */
  add(count: number): void {
    this.#count += count
    if (this.#count > MOST) throw new TooManyParts()
  }
}
