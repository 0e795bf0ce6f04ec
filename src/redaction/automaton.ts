/** Letters match in either case. */
export interface Word {
  readonly text: string
  /** Of a higher rank than `0` is asked for more often: words of each rank and above can be looked for alone. */
  readonly rank: number
}

/**
 * Finds many words in one pass, however they overlap (Aho and Corasick, Communications of the ACM 18/6, 1975), as a table with one row per
 * state and one column per byte: the same few instructions for every byte, whatever it is.
 */
export class Automaton {
  readonly #next: Uint16Array
  /** States from here on end a word of that rank or above. */
  readonly #ranks: number[]
  /** Per state, numbers of the words that end there. */
  readonly #words: readonly (readonly number[])[]

  constructor(words: readonly Word[]) {
    const trie = trieOf(words)
    const ranked = rankedStates(trie, words)
    this.#next = tableOf(trie, ranked.place)
    this.#words = ranked.order.map((state) => trie.words[state] as number[])
    this.#ranks = ranked.from
  }

  /** Whether there is a word of this rank or above: stops at the first. */
  occurs(bytes: Uint8Array, rank: number): boolean {
    const next = this.#next
    const from = this.#ranks[rank] as number
    let state = 0
    for (let at = 0; at < bytes.length; at++) {
      state = next[(state << 8) | (bytes[at] as number)] as number
      if (state >= from) return true
    }
    return false
  }

  /**
   * Tells every word from `from` to `to`, in the order of their ends.
   * @param found given the number of the word, and one past its last byte
   */
  each(bytes: Uint8Array, rank: number, found: (word: number, end: number) => void, from = 0, to = bytes.length): void {
    const next = this.#next
    const ranked = this.#ranks[rank] as number
    let state = 0
    for (let at = from; at < to; at++) {
      state = next[(state << 8) | (bytes[at] as number)] as number
      if (state >= ranked) for (const word of this.#words[state] as readonly number[]) found(word, at + 1)
    }
  }
}

interface Trie {
  readonly children: Map<number, number>[]
  readonly fallback: number[]
  readonly words: number[][]
  /** States from the root outwards. */
  readonly outwards: number[]
}

function trieOf(words: readonly Word[]): Trie {
  const children: Map<number, number>[] = [new Map()]
  const ending: number[][] = [[]]
  for (const [number, { text }] of words.entries()) {
    let state = 0
    for (const byte of Buffer.from(text.toLowerCase())) {
      let child = children[state]?.get(byte)
      if (child === undefined) {
        child = children.length
        children[state]?.set(byte, child)
        children.push(new Map())
        ending.push([])
      }
      state = child
    }
    ending[state]?.push(number)
  }
  const fallback = children.map(() => 0)
  const outwards = [0]
  for (const state of outwards) {
    for (const [byte, child] of children[state] as Map<number, number>) {
      let from = fallback[state] as number
      while (state !== 0 && from !== 0 && !children[from]?.has(byte)) from = fallback[from] as number
      const longest = state === 0 ? 0 : (children[from]?.get(byte) ?? 0)
      fallback[child] = longest
      ending[child]?.push(...(ending[longest] as number[]))
      outwards.push(child)
    }
  }
  return { children, fallback, words: ending, outwards }
}

/** States in an order in which a number tells the rank: those without words, then by the highest rank of a word of theirs. */
function rankedStates({ words: ending }: Trie, words: readonly Word[]) {
  const rankOf = (state: number) => Math.max(-1, ...(ending[state] as number[]).map((word) => (words[word] as Word).rank))
  const order = ending.map((_, state) => state).sort((a, b) => rankOf(a) - rankOf(b) || a - b)
  const highest = Math.max(...words.map(({ rank }) => rank))
  const from = Array.from({ length: highest + 1 }, (_, rank) => order.findIndex((state) => rankOf(state) >= rank))
  const place: number[] = []
  for (const [at, state] of order.entries()) place[state] = at
  return { order, place, from }
}

function tableOf({ children, fallback, outwards }: Trie, place: readonly number[]): Uint16Array {
  const table = new Uint16Array(children.length << 8)
  for (const state of outwards) {
    const row = (place[state] as number) << 8
    const other = (place[fallback[state] as number] as number) << 8
    if (state !== 0) table.copyWithin(row, other, other + 256)
    for (const [byte, child] of children[state] as Map<number, number>) {
      table[row | byte] = place[child] as number
      if (byte >= 0x61 && byte <= 0x7a) table[row | (byte - 0x20)] = place[child] as number
    }
  }
  return table
}
