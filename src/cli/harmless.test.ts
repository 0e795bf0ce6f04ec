import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { harmless, harmlessJson, harmlessLines } from './harmless.ts'

describe('harmless', () => {
  it.each([
    ['an ANSI colour', '\u001b[31mred', '\\x1b[31mred'],
    ['a window title', '\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
    ['the same as C1', '\u009b31m\u009d0;x\u009c', '\\x9b31m\\x9d0;x\\x9c'],
    ['a line that overwrites itself', 'drop table\rselect 1  ', 'drop table\\rselect 1  '],
    ['a second line', 'one\ntwo\tthree', 'one\\ntwo\\tthree'],
    ['an override of direction', 'a\u202eb\u2066c\u2069', 'a\\u{202e}b\\u{2066}c\\u{2069}'],
    ['invisible characters', 'ad\u200bmin\ufeff\u00ad', 'ad\\u{200b}min\\u{feff}\\xad'],
    ['text hidden in tags', 'ok\u{e0041}', 'ok\\u{e0041}'],
    ['half a surrogate pair', 'a\ud800b', 'a\\u{d800}b'],
    ['NUL and DEL', '\u0000\u007f', '\\x00\\x7f'],
  ])('shows %s', (_what, hostile, shown) => expect(harmless(hostile)).toBe(shown))

  it('leaves what people write as it is', () => {
    const text = 'SELECT \'Zoë\', "naïve", 東京, 👩‍💻, עברית FROM t -- 100 %'
    expect(harmless(text)).toBe(text)
  })

  it('lets no control character or override through, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        for (const printed of [harmless(text), harmlessJson(text)])
          expect(printed).not.toMatch(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
        expect(harmlessLines(text).replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Cs}]/u)
      }),
    )
  })

  it('keeps the lines of a statement', () => expect(harmlessLines('select\r\n\t1\u001b\rx')).toBe('select\n\t1\\x1b\\rx'))

  it('writes JSON that means the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary', maxLength: 9 }), fc.string({ unit: 'binary', maxLength: 9 })), (value) => {
        expect(JSON.parse(harmlessJson({ ...value }))).toEqual({ ...value })
      }),
    )
  })
})
