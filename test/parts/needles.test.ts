import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Needles } from './needles.ts'

const found = (needles: readonly Buffer[], bytes: Buffer): number[] => {
  const positions = new Set<number>()
  new Needles(needles).find(bytes, positions)
  return [...positions].sort((a, b) => a - b)
}

it('finds what stands at the beginning, at the end, within another, twice, and nothing else', () => {
  const needles = ['ab', 'abc', 'cab', 'bcd', 'xx'].map((text) => Buffer.from(text))
  expect(found(needles, Buffer.from('abcab'))).toEqual([0, 1, 2])
  expect(found(needles, Buffer.from('a'))).toEqual([])
  expect(found(needles, Buffer.alloc(0))).toEqual([])
  expect(() => new Needles([Buffer.from('a')])).toThrow(RangeError)
})

it('finds what Buffer finds', () => {
  const bytes = (minLength: number, maxLength: number) =>
    fc.array(fc.constantFrom(0, 1, 255), { minLength, maxLength }).map((each) => Buffer.from(each))
  fc.assert(
    fc.property(fc.array(bytes(2, 6), { maxLength: 12 }), bytes(0, 60), (needles, hay) => {
      expect(found(needles, hay)).toEqual([...needles.keys()].filter((at) => hay.includes(needles[at] as Buffer)))
    }),
  )
})
