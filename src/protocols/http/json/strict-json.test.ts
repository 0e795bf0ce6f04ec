import fc from 'fast-check'
import { expect, it } from 'vitest'
import { StrictJsonError, strictJson, utf8Text } from './strict-json.ts'

it('reads what everybody reads alike', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value)
      const ours = JSON.parse(text) as unknown
      expect(strictJson(text)).toEqual(ours)
    }),
  )
})

it.each([
  ['a key twice', '{"model":"a","model":"b"}'],
  ['a key twice, once escaped', '{"model":"a","m\\u006fdel":"b"}'],
  ['a key twice, deep', '[{"a":[{"b":1,"b":1}]}]'],
  ['half a character', '{"a":"\\ud800"}'],
  ['half a character in a key', '{"\\udc00":1}'],
  ['what is cut off', '{"a":1'],
  ['what stands behind', '{"a":1} {}'],
  ['nothing', ''],
  ['nesting without end', '['.repeat(201) + ']'.repeat(201)],
])('refuses %s', (_, text) => {
  expect(() => strictJson(text)).toThrow(StrictJsonError)
})

it('refuses bytes that are no UTF-8', () => {
  expect(() => utf8Text(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toThrow(StrictJsonError)
})
