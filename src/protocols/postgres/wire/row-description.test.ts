import fc from 'fast-check'
import { expect, it } from 'vitest'
import { message } from './build.ts'
import { WireError } from './errors.ts'
import { type ResultField, readRowDescription } from './row-description.ts'

function rowDescription(fields: readonly ResultField[]): Buffer {
  const parts = [Buffer.from([fields.length >> 8, fields.length & 0xff])]
  for (const { name, table, column, type, modifier, format } of fields) {
    const fixed = Buffer.alloc(18)
    fixed.writeUInt32BE(table, 0)
    fixed.writeInt16BE(column, 4)
    fixed.writeUInt32BE(type, 6)
    fixed.writeInt16BE(-1, 10)
    fixed.writeInt32BE(modifier, 12)
    fixed.writeInt16BE(format, 16)
    parts.push(Buffer.from(`${name}\0`, 'latin1'), fixed)
  }
  return message(0x54, Buffer.concat(parts))
}

const oid = fc.integer({ min: 0, max: 0xffff_ffff })
const field: fc.Arbitrary<ResultField> = fc.record({
  name: fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 63 }),
  table: oid,
  column: fc.integer({ min: -6, max: 1600 }),
  type: oid,
  modifier: fc.integer({ min: -1, max: 0x7fff_ffff }),
  format: fc.constantFrom<0 | 1>(0, 1),
})

it('says of each column what it is called, where it comes from and how it is written', () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 8 }), fc.uint8Array({ maxLength: 9 }), (fields, around) => {
      const bytes = rowDescription(fields)
      const padded = Buffer.concat([around, bytes, around])
      expect(readRowDescription(padded, around.length, around.length + bytes.length)).toEqual(fields)
    }),
  )
})

it('refuses what ends early or goes on, wherever', () => {
  const bytes = rowDescription([
    { name: 'id', table: 16400, column: 1, type: 23, modifier: -1, format: 0 },
    { name: '', table: 0, column: 0, type: 25, modifier: -1, format: 1 },
  ])
  for (let end = 5; end < bytes.length; end++) {
    expect(() => readRowDescription(bytes.subarray(0, end), 0, end)).toThrow(WireError)
    // What stands behind it belongs to somebody else.
    expect(() => readRowDescription(bytes, 0, end)).toThrow(WireError)
  }
  expect(() => readRowDescription(Buffer.concat([bytes, Buffer.of(0)]), 0, bytes.length + 1)).toThrow(WireError)
})

it('refuses a format that there is not', () => {
  const bytes = rowDescription([{ name: 'id', table: 0, column: 0, type: 23, modifier: -1, format: 0 }])
  bytes[bytes.length - 1] = 2
  expect(() => readRowDescription(bytes, 0, bytes.length)).toThrow(WireError)
})

it('takes any bytes, or refuses them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (body) => {
      try {
        readRowDescription(message(0x54, body), 0, body.length + 5)
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
      }
    }),
    { numRuns: 2000 },
  )
})
