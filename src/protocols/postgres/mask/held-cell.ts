/** A longer cell is not looked at. Bytes. */
export const LONGEST_CELL = 1024 * 1024

/** A cell that comes in pieces, kept until it is whole, or only counted where it is too long. */
export class HeldCell {
  #pieces: Uint8Array[] = []
  #bytes = 0

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  /** @param piece is copied */
  add(piece: Uint8Array): void {
    this.#bytes += piece.length
    if (this.#bytes > LONGEST_CELL) this.#pieces = []
    else if (piece.length > 0) this.#pieces.push(Buffer.from(piece))
  }

  /** Another one that holds the same. */
  copy(): HeldCell {
    const other = new HeldCell()
    other.#pieces = [...this.#pieces]
    other.#bytes = this.#bytes
    return other
  }

  /** Its last piece has come. @returns undefined where it was too long */
  take(last: Uint8Array): Uint8Array | undefined {
    const whole = this.#bytes + last.length > LONGEST_CELL ? undefined : this.#bytes === 0 ? last : Buffer.concat([...this.#pieces, last])
    this.#pieces = []
    this.#bytes = 0
    return whole
  }
}
