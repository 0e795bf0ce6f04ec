import fc from 'fast-check'
import { expect, it } from 'vitest'
import { detectInJson, detectors } from './index.ts'

const all = detectors()

const found = (text: string) => {
  const bytes = Buffer.from(text)
  return detectInJson(bytes, all)?.map(({ start, end, detector }) => `${detector}: ${bytes.subarray(start, end)}`)
}

it('finds within the strings that are values', () => {
  expect(found('{"a": "bob@example.com", "b": ["x", "see 10.0.0.1!"], "c": null}')).toEqual(['email: bob@example.com', 'ip: 10.0.0.1'])
  expect(found('"bob@example.com"')).toEqual(['email: bob@example.com'])
})

it('finds nothing in names, in numbers, or across strings', () => {
  expect(found('{"bob@example.com": 4111111111111111}')).toEqual([])
  expect(found('["4111 1111", "1111 1111"]')).toEqual([])
  expect(found('{"a": true}')).toEqual([])
})

it('takes the name of a member for that of its value', () => {
  expect(found('{"api_key": "abcd1234efgh", "name": "abcd1234efgh"}')).toEqual(['secret: abcd1234efgh'])
  expect(found('{"api_key" : ["abcd1234efgh"], "x": 1}')).toEqual(['secret: abcd1234efgh'])
  expect(found('{"api_key": 1, "x": ["abcd1234efgh"]}')).toEqual([])
})

it('reads escapes as what they stand for, and cuts none', () => {
  expect(found(String.raw`{"a": "bob\u0040example.com"}`)).toEqual([String.raw`email: bob\u0040example.com`])
  expect(found(String.raw`{"a": "\ud83d\ude00bob@example.com\n"}`)).toEqual(['email: bob@example.com'])
  expect(found(String.raw`{"a": "\u0062ob@example.co\u006d"}`)).toEqual([String.raw`email: \u0062ob@example.co\u006d`])
  expect(found(String.raw`{"a": "10.0.0.1\\x \"bob@example.com\" \/"}`)).toEqual(['ip: 10.0.0.1', 'email: bob@example.com'])
})

it('says so where it is no JSON', () => {
  expect(found('{"a": "bob@example.com')).toBeUndefined()
  expect(found('{"a": "bob\n@example.com"}')).toBeUndefined()
})

it('leaves JSON that is still JSON where every place is replaced', () => {
  const leaf = fc.oneof(
    fc.constantFrom('bob@example.com', '10.0.0.1 é', '4111 1111 1111 1111', '"\\\n'),
    fc.string(),
    fc.string({ unit: 'grapheme' }),
  )
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.array(fc.oneof(leaf, fc.double({ noNaN: true })), { maxLength: 4 })),
      fc.boolean(),
      (value, ascii) => {
        const json = JSON.stringify(value)
        const text = ascii ? json.replaceAll(/[^ -~]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`) : json
        const bytes = Buffer.from(text)
        const parts: Uint8Array[] = []
        let at = 0
        for (const { start, end } of detectInJson(bytes, all) ?? []) {
          parts.push(bytes.subarray(at, start), Buffer.from('***'))
          at = end
        }
        const masked = JSON.parse(Buffer.concat([...parts, bytes.subarray(at)]).toString()) as typeof value
        expect(Object.keys(masked)).toEqual(Object.keys(JSON.parse(text)))
        expect(JSON.stringify(masked)).not.toContain('bob@example.com')
      },
    ),
    { numRuns: 500 },
  )
})
