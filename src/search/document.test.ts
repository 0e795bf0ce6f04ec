import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeDocument, readDocument } from './document.ts'
import { encodePositions, SEGMENT_ENTRIES } from './positions.ts'

const terms = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const positions = fc.uniqueArray(fc.nat(SEGMENT_ENTRIES - 1), { minLength: 1, maxLength: 50 }).map((each) => each.sort((a, b) => a - b))
const documents = fc.array(fc.tuple(terms, positions), { maxLength: 20 }).map((entries) => new Map(entries))

function read(...parts: readonly Uint8Array[]): Map<string, Uint8Array> {
  const into = new Map<string, Uint8Array>()
  for (const part of parts) readDocument(part, into)
  return into
}

it('is read as it was written, in one form whatever the order', () => {
  fc.assert(
    fc.property(documents, (document) => {
      const bytes = encodeDocument(document)
      expect([...read(bytes)].sort()).toEqual([...document].map(([term, each]) => [term, encodePositions(each)]).sort())
      expect(encodeDocument(new Map([...document].reverse()))).toEqual(bytes)
      expect(encodeDocument(read(bytes))).toEqual(bytes)
    }),
  )
})

it('is one with the next part, as if both had been written at once', () => {
  fc.assert(
    fc.property(documents, documents, (one, other) => {
      const both = new Map(one)
      for (const [term, each] of other)
        both.set(
          term,
          [...new Set([...(both.get(term) ?? []), ...each])].sort((a, b) => a - b),
        )
      expect(encodeDocument(read(encodeDocument(one), encodeDocument(other)))).toEqual(encodeDocument(both))
    }),
  )
})

it('is refused where it is cut at any byte but between terms, and never read past its end', () => {
  const bytes = encodeDocument(
    new Map([
      ['aaaaaaaa', [1, 500, 30_000]],
      ['bbbbbbbb', [7]],
    ]),
  )
  const whole = new Set([0, 8 + 2 + encodePositions([1, 500, 30_000]).byteLength, bytes.byteLength])
  for (let cut = 0; cut <= bytes.byteLength; cut++) {
    if (whole.has(cut)) read(bytes.subarray(0, cut))
    else expect(() => read(bytes.subarray(0, cut)), String(cut)).toThrow(RangeError)
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
      try {
        read(random, random)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }),
  )
})
