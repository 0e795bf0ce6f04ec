/** A queue whose both ends cost the same at any length: ten thousand pipelined statements are ordinary. */
export class Ring<Item> {
  #items: (Item | undefined)[] = new Array(16)
  #first = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The oldest item. */
  get head(): Item | undefined {
    return this.#items[this.#first]
  }

  /** @param index counted from the oldest, 0 */
  at(index: number): Item | undefined {
    return index < this.#length ? this.#items[(this.#first + index) & (this.#items.length - 1)] : undefined
  }

  push(item: Item): void {
    if (this.#length === this.#items.length) this.#grow()
    this.#items[(this.#first + this.#length) & (this.#items.length - 1)] = item
    this.#length += 1
  }

  shift(): Item | undefined {
    const item = this.#items[this.#first]
    if (this.#length > 0) {
      this.#items[this.#first] = undefined
      this.#first = (this.#first + 1) & (this.#items.length - 1)
      this.#length -= 1
    }
    return item
  }

  /** Takes out the one behind the oldest. */
  dropSecond(): void {
    if (this.#length < 2) return
    this.#items[(this.#first + 1) & (this.#items.length - 1)] = this.head
    this.shift()
  }

  #grow(): void {
    const larger = new Array<Item | undefined>(this.#items.length * 2)
    for (let index = 0; index < this.#length; index += 1) larger[index] = this.at(index)
    this.#items = larger
    this.#first = 0
  }
}
