/** Letters of other scripts, and digits, that look like these in common fonts (after UTS #39, its confusables as far as names of tools may use them). */
const LOOKS_LIKE: Readonly<Record<string, string>> = {
  a: 'аαɑ',
  b: 'ЬƄ',
  c: 'сϲᴄ',
  d: 'ԁɗ',
  e: 'еєҽ',
  g: 'ɡց',
  h: 'һհ',
  i: 'іιıɩӏⅼlI1|ǀɪ',
  j: 'јϳ',
  k: 'кκ',
  m: 'мʍ',
  n: 'пոη',
  o: 'оοօ0σ',
  p: 'рρ',
  q: 'ԛգ',
  r: 'гᴦ',
  s: 'ѕꜱ',
  t: 'тτ',
  u: 'υսʋ',
  v: 'νѵ',
  w: 'ԝωѡ',
  x: 'хχ',
  y: 'уүγ',
  z: 'ᴢ',
  '-': '‐‑‒–—−﹣',
  _: 'ˍ',
  '.': '․·',
}

const ALIKE: ReadonlyMap<string, string> = new Map(
  Object.entries(LOOKS_LIKE).flatMap(([letter, others]) => [...others].map((other) => [other, letter] as const)),
)

/** What is not seen: joiners, marks, variation selectors, what changes the direction. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Mark}\p{Control}\p{Format}]/gu

/** What a name looks like to somebody who reads it in a hurry: the same for names that can be taken for one another. */
export function looksLike(name: string): string {
  const plain = name.normalize('NFKD').replace(UNSEEN, '')
  const lower = [...plain].map((letter) => ALIKE.get(letter) ?? letter.toLowerCase())
  return lower.map((letter) => ALIKE.get(letter) ?? letter).join('')
}

/** So many names of one server are remembered; a server with more has a fault, or is one. */
const MOST = 10_000
/** Characters of a name that is remembered; no longer one can be pinned. */
const LONGEST = 512

/** The names that one server offers of one kind of thing, over all pages of its last list. */
export class OfferedNames {
  #current = new Map<string, Set<string>>()
  #coming: Map<string, Set<string>> | undefined

  /** A list begins anew. What it says replaces what is known once it is complete. */
  begin(): void {
    this.#coming = new Map()
  }

  add(name: string): void {
    if (name.length > LONGEST) return
    const key = looksLike(name)
    for (const names of [this.#current, this.#coming]) {
      if (names === undefined || names.size >= MOST) continue
      const alike = names.get(key)
      if (alike === undefined) names.set(key, new Set([name]))
      else if (alike.size < MOST) alike.add(name)
    }
  }

  complete(): void {
    if (this.#coming) this.#current = this.#coming
    this.#coming = undefined
  }

  has(name: string): boolean {
    return this.#current.get(looksLike(name))?.has(name) ?? false
  }

  /** Whether another name looks like it. */
  collides(name: string): boolean {
    return (this.#current.get(looksLike(name))?.size ?? 0) > 1
  }

  get size(): number {
    return this.#current.size
  }
}
