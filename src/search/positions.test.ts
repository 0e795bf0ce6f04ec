import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendPositions, encodePositions, encodeSet, PositionSet, readPositions, removePositions, SEGMENT_ENTRIES } from './positions.ts'

const sets = fc.oneof(
  fc.uniqueArray(fc.nat(SEGMENT_ENTRIES - 1), { maxLength: 200 }),
  // Dense ones, on both sides of where gaps become a bitmap.
  fc
    .tuple(fc.nat(20_000), fc.integer({ min: 1, max: 12_000 }), fc.integer({ min: 1, max: 3 }))
    .map(([first, length, step]) => Array.from({ length }, (_, at) => first + at * step).filter((position) => position < SEGMENT_ENTRIES)),
)
const sorted = (positions: readonly number[]) => [...new Set(positions)].sort((a, b) => a - b)

function decode(bytes: Uint8Array): number[] {
  const set = new PositionSet()
  readPositions(bytes, set)
  return [...set.ascending()]
}

describe('a set of positions', () => {
  it('is read as it was written, both ways', () => {
    fc.assert(
      fc.property(sets, (positions) => {
        const bytes = encodePositions(sorted(positions))
        expect(bytes.byteLength).toBeLessThanOrEqual(4096)
        expect(decode(bytes)).toEqual(sorted(positions))
        const set = new PositionSet()
        readPositions(bytes, set)
        expect([...set.descending()]).toEqual(sorted(positions).reverse())
      }),
    )
  })

  it('has one form, however it came about', () => {
    fc.assert(
      fc.property(sets, sets, (some, more) => {
        const whole = encodePositions(sorted([...some, ...more]))
        expect(appendPositions(encodePositions(sorted(some)), sorted(more)).equals(whole)).toBe(true)
        const set = new PositionSet()
        for (const position of [...more, ...some]) set.add(position)
        expect(encodeSet(set).equals(whole)).toBe(true)
      }),
    )
  })

  it('loses exactly what is removed', () => {
    fc.assert(
      fc.property(sets, sets, (some, gone) => {
        const set = new PositionSet()
        for (const position of gone) set.add(position)
        const left = sorted(some).filter((position) => !gone.includes(position))
        expect(removePositions(encodePositions(sorted(some)), set)).toEqual(left.length === 0 ? undefined : encodePositions(left))
      }),
      { numRuns: 50 },
    )
  })

  it('is kept small: one byte for one of 128, one bit where there are many', () => {
    expect(encodePositions([100])).toHaveLength(1)
    expect(encodePositions([SEGMENT_ENTRIES - 1])).toHaveLength(3)
    expect(encodePositions(Array.from({ length: SEGMENT_ENTRIES }, (_, at) => at))).toHaveLength(4096)
  })

  it('keeps what two have in common, and ranges', () => {
    fc.assert(
      fc.property(sets, fc.nat(SEGMENT_ENTRIES), fc.nat(SEGMENT_ENTRIES), (positions, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const set = new PositionSet()
        readPositions(encodePositions(sorted(positions)), set)
        const range = new PositionSet()
        range.addRange(from, to)
        const both = sorted(positions).filter((position) => position >= from && position < to)
        expect(set.keep(range)).toBe(both.length > 0)
        expect([...set.ascending()]).toEqual(both)
      }),
    )
  })

  it('is refused where bytes are none, and never runs on', () => {
    for (const bytes of [[0x80], [0xff, 0xff], [0xff, 0xff, 0xff], [0xff, 0xff, 0x03], [0xff, 0xff, 0x02, 0xff]]) {
      const broken = Uint8Array.from(bytes)
      expect(() => decode(broken)).toThrow(RangeError)
      expect(() => appendPositions(broken, [SEGMENT_ENTRIES - 1])).toThrow(RangeError)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        try {
          expect(decode(bytes).every((position) => position < SEGMENT_ENTRIES)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})
