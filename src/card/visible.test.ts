import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainly, visible, visibleBytes, visibleHex } from './visible.ts'

const point = (code: number) => String.fromCodePoint(code)
const shown = (text: string) => plainly(visible(text))

describe('APR-05: what a reader would not see is shown', () => {
  it.each([
    ['an override of direction', `a${point(0x202e)}b`, 'a⟨U+202E⟩b'],
    ['isolates', `${point(0x2066)}x${point(0x2069)}`, '⟨U+2066⟩x⟨U+2069⟩'],
    ['marks of direction', `${point(0x200e)}${point(0x200f)}${point(0x61c)}`, '⟨U+200E⟩⟨U+200F⟩⟨U+061C⟩'],
    ['zero width', `ad${point(0x200b)}min${point(0x200d)}`, 'ad⟨U+200B⟩min⟨U+200D⟩'],
    ['a byte order mark', `${point(0xfeff)}select`, '⟨U+FEFF⟩select'],
    ['a soft hyphen', `or${point(0xad)}ders`, 'or⟨U+00AD⟩ders'],
    ['tags', `ok${point(0xe0041)}`, 'ok⟨U+E0041⟩'],
    ['selectors', `a${point(0xfe0f)}${point(0xe0100)}`, 'a⟨U+FE0F⟩⟨U+E0100⟩'],
    ['controls', '\u0000\u001b[2J\r\u009b', '⟨U+0000⟩⟨U+001B⟩[2J⟨U+000D⟩⟨U+009B⟩'],
    ['spaces that are none', `a${point(0xa0)}b${point(0x2003)}c${point(0x3000)}d${point(0x2800)}`, 'a⟨U+00A0⟩b⟨U+2003⟩c⟨U+3000⟩d⟨U+2800⟩'],
    ['letters without a shape', `${point(0x3164)}${point(0x115f)}${point(0x34f)}`, '⟨U+3164⟩⟨U+115F⟩⟨U+034F⟩'],
    ['line separators', `--${point(0x2028)}drop`, '--⟨U+2028⟩drop'],
    ['half a pair', 'a\ud800b', 'a⟨U+D800⟩b'],
    ['private and unassigned characters', `${point(0xe000)}${point(0xffff)}`, '⟨U+E000⟩⟨U+FFFF⟩'],
    ['many of the same', point(0x200b).repeat(5_000), '⟨U+200B ×5000⟩'],
    ['what looks like one of our marks', '⟨U+202E⟩', '⟨U+27E8⟩U+202E⟨U+27E9⟩'],
  ])('%s', (_what, text, expected) => expect(shown(text)).toBe(expected))

  it('leaves what people write as it is', () => {
    const text = 'SELECT \'Zoë\',\n\t"naïve", 東京, עברית, 🙂 FROM t -- 100 % <b>'
    expect(visible(text)).toEqual([text])
    expect(visible('')).toEqual([])
  })

  it('shows bytes that are no characters one by one', () => {
    expect(plainly(visibleBytes(Buffer.from([0x61, 0xe9, 0x62, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90])))).toBe(
      'a⟨0xE9⟩b⟨0xC0⟩⟨0x80⟩⟨0xED⟩⟨0xA0⟩⟨0x80⟩⟨0xF4⟩⟨0x90⟩',
    )
    expect(plainly(visibleBytes(Buffer.concat([Buffer.from(`é${point(0x202e)}`), Buffer.from([0xff])])))).toBe('é⟨U+202E⟩⟨0xFF⟩')
    expect(plainly(visibleBytes(Buffer.from('\ufeffx')))).toBe('⟨U+FEFF⟩x')
  })

  it('shows what is no text as digits', () => {
    expect(visibleHex(Buffer.from([0, 1, 255]))).toEqual(['00 01 ff'])
    expect(plainly(visibleHex(Buffer.alloc(17)))).toBe(`${'00 '.repeat(16).trim()}\n00`)
    expect(visibleHex(Buffer.alloc(0))).toEqual([])
  })
})

/** Undoes what `plainly(visibleBytes())` does, byte for byte. */
function readBack(text: string): Buffer {
  const pieces = text.split(/(⟨[^⟩]*⟩)/).map((piece) => {
    const [, form, digits, times = '1'] = /^⟨(U\+|0x)([0-9A-F]+)(?: ×(\d+))?⟩$/.exec(piece) ?? []
    if (form === undefined) return Buffer.from(piece)
    const one = form === '0x' ? Buffer.from(digits!, 'hex') : Buffer.from(point(Number.parseInt(digits!, 16)))
    return Buffer.concat(Array.from({ length: Number(times) }, () => one))
  })
  return Buffer.concat(pieces)
}

describe('of whatever bytes', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
    fc
      .array(fc.constantFrom('⟨', '⟩', 'U+202E', ' ×3', '\u202e', '\u200b', '0xE9', '\n', 'a'), { maxLength: 30 })
      .map((all) => Buffer.from(all.join(''))),
  )

  it('nothing is lost: two contents that differ are shown differently', () => {
    fc.assert(
      fc.property(hostile, (content) => {
        expect(readBack(plainly(visibleBytes(content))).toString('hex')).toBe(Buffer.from(content).toString('hex'))
      }),
      { numRuns: 2_000 },
    )
  })

  it('nothing hidden is left', () => {
    fc.assert(
      fc.property(hostile, (content) => {
        expect(plainly(visibleBytes(content)).replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{DI}]/u)
      }),
      { numRuns: 2_000 },
    )
  })
})

it('reads four megabytes of the worst without keeping everybody waiting', () => {
  const worst = [
    Buffer.from('\u200b\u200c'.repeat(700_000)),
    Buffer.from('a\xe9'.repeat(2_000_000), 'latin1'),
    Buffer.alloc(4_000_000, '\xe2\x80', 'latin1'),
  ]
  for (const content of worst) {
    const before = process.cpuUsage()
    visibleBytes(content)
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000)
  }
})
