/*
 * What a word is. Letters, digits and marks of any script make one; everything else parts them. Scripts that put no spaces between words
 * (Han, kana, Thai, Lao, Khmer, Myanmar) are taken letter by letter, and a UUID is one word. Words are compared without regard to case, in NFKC.
 */

/** Longer words are compared by this many characters of them. */
export const LONGEST_WORD = 128

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const ASCII_WORD = new RegExp(`(?<![0-9a-z_])${UUID}(?![0-9a-z_])|[0-9a-z_]+`, 'g')
const UNSPACED = '\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmr}\\p{sc=Mymr}'
const ANY_WORD = new RegExp(
  `(?<![\\p{L}\\p{N}\\p{M}_])${UUID}(?![\\p{L}\\p{N}\\p{M}_])|[[${UNSPACED}]&&\\p{L}]|[[\\p{L}\\p{N}\\p{M}_]--[[${UNSPACED}]&&\\p{L}]]+`,
  'gv',
)
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ASCII = /^[\u0000-\u007f]*$/

/** A text as its words in order; `customer_id` is the two words that it is made of. */
export function* sequence(text: string): Generator<string> {
  for (const match of matches(text)) {
    if (!match.includes('_')) yield shortened(match)
    else for (const part of match.split('_')) if (part !== '') yield shortened(part)
  }
}

/**
 * The words that a text is found by: those of `sequence`, and names such as `customer_id` as a whole besides.
 * @param into takes them; full at `most`
 * @returns whether all of them had room
 */
export function collectWords(text: string, into: Set<string>, most: number): boolean {
  for (const match of matches(text)) {
    if (into.size >= most) return false
    if (!match.includes('_')) {
      into.add(shortened(match))
      continue
    }
    const parts = match.split('_').filter((part) => part !== '')
    for (const part of parts) into.add(shortened(part))
    if (parts.length > 1) into.add(shortened(parts.join('_')))
  }
  return true
}

/** What of a searched word stands in the index: itself where it is one word or name, else the words that it is made of, which must follow each other. */
export function searched(word: string): { readonly words: readonly string[]; readonly inOrder: boolean } {
  const all = [...matches(word)].map((match) => match.split('_').filter((part) => part !== '')).filter((parts) => parts.length > 0)
  const [only] = all
  if (all.length === 1 && only) return { words: [shortened(only.join('_'))], inOrder: false }
  return { words: all.flat().map(shortened), inOrder: all.length > 0 }
}

function* matches(text: string): Generator<string> {
  const ascii = ASCII.test(text)
  const plain = (ascii ? text : text.normalize('NFKC')).toLowerCase()
  for (const [match] of plain.matchAll(ascii ? ASCII_WORD : ANY_WORD)) yield match
}

function shortened(word: string): string {
  return word.length > LONGEST_WORD ? word.slice(0, LONGEST_WORD) : word
}
