import fc from 'fast-check'
import { expect, it } from 'vitest'
import { boundParameters } from './bound-parameters.ts'

const int16 = (value: number) => Buffer.from([(value >> 8) & 255, value & 255])
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function bind(formats: readonly number[], values: readonly (Uint8Array | undefined)[], results: readonly number[] = []): Buffer {
  return Buffer.concat([
    int16(formats.length),
    ...formats.map(int16),
    int16(values.length),
    ...values.flatMap((value) => (value ? [int32(value.length), value] : [int32(-1)])),
    int16(results.length),
    ...results.map(int16),
  ])
}

it('reads values with their formats: none is text, one is for all', () => {
  const [a, b] = [Buffer.from('a'), Buffer.from([0, 1])]
  expect(boundParameters(bind([], [a, undefined]))).toEqual([
    { format: 'text', value: a },
    { format: 'text', value: undefined },
  ])
  expect(boundParameters(bind([1], [a, b], [0, 1]))).toEqual([
    { format: 'binary', value: a },
    { format: 'binary', value: b },
  ])
  expect(boundParameters(bind([0, 1], [a, b]))?.map(({ format }) => format)).toEqual(['text', 'binary'])
  expect(boundParameters(bind([], []))).toEqual([])
})

it('takes nothing else for it: cut off at every byte, longer, with other formats, with made-up lengths', () => {
  const whole = bind([0, 1], [Buffer.from('abc'), Buffer.from([1, 2])], [1])
  for (let length = 0; length < whole.length; length++) expect(boundParameters(whole.subarray(0, length))).toBeUndefined()
  expect(boundParameters(Buffer.concat([whole, Buffer.from([0])]))).toBeUndefined()
  expect(boundParameters(bind([2], [Buffer.from('a')]))).toBeUndefined()
  expect(boundParameters(bind([0, 0, 0], [Buffer.from('a')]))).toBeUndefined()
  expect(boundParameters(Buffer.concat([int16(0), int16(1), int32(-2), int16(0)]))).toBeUndefined()
  expect(boundParameters(Buffer.concat([int16(0), int16(-1), int16(0)]))).toBeUndefined()
})

it('loses no byte of a value, and throws for no bytes at all', () => {
  const values = fc.array(fc.option(fc.uint8Array({ maxLength: 9 }), { nil: undefined }), { maxLength: 6 })
  fc.assert(
    fc.property(values, fc.constantFrom([], [0], [1]), (bound, formats) => {
      const read = boundParameters(bind(formats, bound))
      expect(read?.map(({ value }) => value && Buffer.from(value).toString('hex'))).toEqual(
        bound.map((value) => value && Buffer.from(value).toString('hex')),
      )
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void boundParameters(bytes)))
})
