import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as build from '../wire/build.ts'
import { CopiedRows } from './copied-rows.ts'

/** Counted where its bytes come in CopyData of these sizes, and these in pieces. */
function counted(content: Uint8Array, binary = false, size = content.length, piece = size + 5): number {
  const rows = new CopiedRows(binary)
  for (let at = 0; at < content.length; at += size) {
    const message = build.copyData(content.subarray(at, at + size))
    for (let from = 0; from < message.length; from += from === 0 ? Math.max(5, piece) : piece) {
      const first = from === 0 ? Math.max(5, piece) : piece
      rows.add(message, from, Math.min(message.length, from + first))
    }
  }
  return rows.rows
}

const int = (value: number, bytes: 2 | 4): Buffer => {
  const buffer = Buffer.alloc(bytes)
  if (bytes === 2) buffer.writeInt16BE(value)
  else buffer.writeInt32BE(value)
  return buffer
}
const tuple = (...fields: (Buffer | null)[]): Buffer =>
  Buffer.concat([int(fields.length, 2), ...fields.flatMap((field) => (field ? [int(field.length, 4), field] : [int(-1, 4)]))])
const binary = (...tuples: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), int(0, 4), int(3, 4), Buffer.from('ext'), ...tuples, int(-1, 2)])

describe('rows of a COPY in', () => {
  it.each([
    ['', 0],
    ['1', 1],
    ['1\n', 1],
    ['1\r\n2\r\n', 2],
    ['1\r2\r', 2],
    ['\n\n', 2],
    ['1\n\\.\n', 1],
    ['\\.x\n\\\n', 2],
    ['\\N\n', 1],
    ['"a\nb"\n', 2],
  ])('are the lines of %j', (text, rows) => {
    for (let size = 1; size <= 8; size += 1) expect(counted(Buffer.from(text), false, size)).toBe(rows)
  })

  it('are the tuples of the binary format, wherever it is cut', () => {
    const content = binary(tuple(Buffer.from('\n\n\n'), null), tuple(Buffer.alloc(300), Buffer.alloc(0)), tuple())
    for (let size = 1; size <= content.length; size += 1) expect(counted(content, true, size)).toBe(3)
    for (let piece = 1; piece <= 40; piece += 1) expect(counted(content, true, 200, piece)).toBe(3)
  })

  it('are never fewer than lines, and bounded by bytes, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), fc.integer({ min: 1, max: 50 }), (bytes, isBinary, size) => {
        const rows = counted(bytes, isBinary, size)
        expect(rows).toBe(counted(bytes, isBinary))
        expect(rows).toBeLessThanOrEqual(bytes.length)
      }),
    )
  })
})
