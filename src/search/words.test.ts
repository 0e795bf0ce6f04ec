import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threadTime } from '../../test/parts/thread-time.ts'
import { collectWords, LONGEST_WORD, searched, sequence } from './words.ts'

const words = (text: string) => {
  const found = new Set<string>()
  collectWords(text, found, 1000)
  return [...found]
}

describe('words', () => {
  it.each([
    ['SELECT * FROM public.customers', ['select', 'from', 'public', 'customers']],
    ['customer_id = $1', ['customer', 'id', 'customer_id', '1']],
    ['__x__ _ a__b', ['x', 'a', 'b', 'a_b']],
    ['alice@example.com', ['alice', 'example', 'com']],
    ['550E8400-e29b-41d4-A716-446655440000', ['550e8400-e29b-41d4-a716-446655440000']],
    ['x550e8400-e29b-41d4-a716-446655440000', ['x550e8400', 'e29b', '41d4', 'a716', '446655440000']],
    ['Müller ﬁne ＡＢＣ', ['müller', 'fine', 'abc']],
    ['I İ ß', ['i', 'i\u0307', 'ß']],
    ['東京abcで', ['東', '京', 'abc', 'で']],
    ['日本、中国', ['日', '本', '中', '国']],
    ['a\u0000b\ufffdc\u202ed', ['a', 'b', 'c', 'd']],
    ['😀 - ; \u0001', []],
    ['', []],
  ])('of %j', (text, expected) => {
    expect(words(text)).toEqual(expected)
  })

  it('are compared by their first characters where they are long', () => {
    expect(words('a'.repeat(10_000))).toEqual(['a'.repeat(LONGEST_WORD)])
    expect(searched('A'.repeat(10_000)).words).toEqual(['a'.repeat(LONGEST_WORD)])
  })

  it('are taken up to a number, and it is told that there are more', () => {
    const found = new Set<string>()
    expect(collectWords('a b c d', found, 3)).toBe(false)
    expect([...found]).toEqual(['a', 'b', 'c'])
  })

  it('take time linear to the length of the text', () => {
    for (const piece of ['a', 'ab-', '_', 'é', '東', '00000000-', '0000-', '\ud800', '\u0300']) {
      const text = piece.repeat(Math.ceil(500_000 / piece.length))
      const started = threadTime()
      words(text)
      expect(threadTime() - started, JSON.stringify(piece)).toBeLessThan(2000)
    }
  })
})

describe('a searched word', () => {
  it.each([
    ['Customers', ['customers'], false],
    ['customer_id', ['customer_id'], false],
    ['_x_', ['x'], false],
    ['alice@example.com', ['alice', 'example', 'com'], true],
    ['a_b.c', ['a', 'b', 'c'], true],
    ['東京', ['東', '京'], true],
    ['***', [], false],
    ['foo*', ['foo'], false],
  ])('%s', (word, expected, inOrder) => {
    expect(searched(word)).toEqual({ words: expected, inOrder })
  })

  it('is found in every text that holds it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme', maxLength: 12 }),
        fc.string({ unit: 'grapheme' }),
        (before, word, behind) => {
          const text = `${before} ${word} ${behind}`
          const found = new Set(words(text))
          for (const each of searched(word).words) expect(found).toContain(each)
          const all = [...sequence(text)]
          if (searched(word).inOrder) for (const each of searched(word).words) expect(all).toContain(each)
        },
      ),
    )
  })
})
