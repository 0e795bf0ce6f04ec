/** What `bundle.json` says, which a bundle begins with. */
export interface BundleHead {
  readonly origin: string
  readonly scope: Readonly<Record<string, string>>
  readonly size: number
  readonly entries: number
  readonly range: readonly [number, number] | null
}

const BLOCK = 512
/** The longest that is looked for. */
const LONGEST = 64 * 1024

/** Reads along while a bundle goes by. It comes from our own gateway: whoever must not trust it uses gatescribe-verify. */
export class BundleReader {
  #bytes = 0
  #begins = Buffer.alloc(0)

  /** So far. */
  get bytes(): number {
    return this.#bytes
  }

  see(piece: Uint8Array): void {
    this.#bytes += piece.byteLength
    if (this.#begins.byteLength < LONGEST) this.#begins = Buffer.concat([this.#begins, piece.subarray(0, LONGEST)])
  }

  get head(): BundleHead {
    const size = Number.parseInt(this.#begins.toString('latin1', 124, 135), 8)
    return JSON.parse(this.#begins.toString('utf8', BLOCK, BLOCK + size)) as BundleHead
  }
}
