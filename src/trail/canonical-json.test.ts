import { expect, it } from 'vitest'
import { canonicalJson, canonicalObject } from './canonical-json.ts'

// RFC 8785 §3.2.2 to §3.2.4, as far as it is about what an entry may hold: integers instead of floats.

it('sorts names by UTF-16 code units (RFC 8785 §3.2.3)', () => {
  const names = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  }
  expect(Object.values(JSON.parse(canonicalJson(names)) as object).length).toBe(7)
  expect([...canonicalJson(names).matchAll(/:"([^"]+)"/g)].map((match) => match[1])).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ])
})

it('escapes what must be escaped, and nothing else (RFC 8785 §3.2.2.2)', () => {
  expect(canonicalJson({ string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/' })).toBe('{"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}')
  expect(canonicalJson('\b\t\n\f\r\u001f\u007f')).toBe('"\\b\\t\\n\\f\\r\\u001f\u007f"')
})

it('writes literals and nesting without white space (RFC 8785 §3.2.1)', () => {
  expect(canonicalJson({ literals: [null, true, false], b: { z: [], a: {} }, a: [1, [2]] })).toBe(
    '{"a":[1,[2]],"b":{"a":{},"z":[]},"literals":[null,true,false]}',
  )
})

it.each([
  [0, '0'],
  [-0, '0'],
  [-1, '-1'],
  [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  [Number.MIN_SAFE_INTEGER, '-9007199254740991'],
])('writes %d as %s', (number, written) => {
  expect(canonicalJson(number)).toBe(written)
})

it.each([1.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses the number %d', (number) => {
  expect(() => canonicalJson({ n: number })).toThrow(RangeError)
})

it.each(['\ud800', 'a\udc00b', '\ude00\ud83d'])('refuses a lone surrogate, as value and as name', (text) => {
  expect(() => canonicalJson(text)).toThrow(RangeError)
  expect(() => canonicalJson({ [text]: 1 })).toThrow(RangeError)
})

it('refuses undefined, and nesting that would exhaust the stack', () => {
  expect(() => canonicalJson({ a: undefined } as never)).toThrow(RangeError)
  const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as never
  expect(() => canonicalJson(deep)).toThrow(RangeError)
})

it('writes an object with given members as if they had been its own, wherever they stand', () => {
  const members = { b: 1, kind2: [true], zz: 'z', é: 2, aa: { y: 1, x: 2 } }
  const given = { at: 'now', id: 'b.1', kind: 'log.read' }
  const texts = Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)] as const)
  expect(canonicalObject(members, texts)).toBe(canonicalJson({ ...members, ...given }))
  expect(canonicalObject({}, texts)).toBe(canonicalJson(given))
  expect(canonicalObject(members, [])).toBe(canonicalJson(members))
  for (const name of Object.keys(given)) expect(() => canonicalObject({ ...members, [name]: 1 }, texts)).toThrow(RangeError)
})
