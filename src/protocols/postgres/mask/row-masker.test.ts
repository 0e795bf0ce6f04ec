import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mask, MaskOperator } from '../../../operations/index.ts'
import { message } from '../wire/build.ts'
import { WireError } from '../wire/errors.ts'
import type { ResultField } from '../wire/row-description.ts'
import { planMasks, rowMasker } from './index.ts'
import type { Range } from './slab.ts'

type Cell = string | Uint8Array | null
const key = Buffer.alloc(32, 7)

function dataRow(...cells: readonly Cell[]): Buffer {
  const parts = [Buffer.from([cells.length >> 8, cells.length & 0xff])]
  for (const cell of cells) {
    const content = cell === null ? undefined : Buffer.from(cell)
    const length = Buffer.alloc(4)
    length.writeInt32BE(content?.length ?? -1)
    parts.push(length, content ?? Buffer.alloc(0))
  }
  return message(0x44, Buffer.concat(parts))
}

function cellsOf(row: Range): (Buffer | null)[] {
  const bytes = Buffer.from(row.bytes.subarray(row.start, row.end))
  expect(bytes[0]).toBe(0x44)
  expect(bytes.readUInt32BE(1)).toBe(bytes.length - 1)
  const cells: (Buffer | null)[] = []
  let at = 7
  for (let left = bytes.readUInt16BE(5); left > 0; left--) {
    const length = bytes.readInt32BE(at)
    at += 4
    cells.push(length < 0 ? null : bytes.subarray(at, at + length))
    at += Math.max(0, length)
  }
  expect(at).toBe(bytes.length)
  return cells
}

const field = (type: number, more: Partial<ResultField> = {}): ResultField => ({
  ...{ name: 'a', table: 16400, column: 1, type, modifier: -1, format: 0 as const },
  ...more,
})
const mask = (as: MaskOperator, more: Partial<Mask> = {}): Mask => ({
  ...{ name: 'm', columns: ['db.s.t.c'], detect: [], patterns: [], as, unmaskedWrite: false, predicates: false },
  ...more,
})

function masker(masks: readonly Mask[], fields: readonly ResultField[], labels?: readonly string[]) {
  const catalog = { origin: (_: number, column: number) => [`s.t.${column === 1 ? 'c' : 'other'}`], labels: () => labels }
  const plan = planMasks({ masks, database: 'db', outputs: undefined, fields, catalog, encoding: 'UTF8' })
  if (!plan) throw new Error('nothing is masked')
  return rowMasker(plan, key)
}

const lengthOf = ({ start, end }: Range) => end - start

/** How one value is shown. */
function shown(as: MaskOperator, one: ResultField, value: Cell, labels?: readonly string[]): Buffer | null {
  const row = dataRow(value)
  return cellsOf(masker([mask(as)], [one], labels).row(row, 0, row.length))[0] as Buffer | null
}

describe('a masked value decodes as its type', () => {
  const TEXT = 25
  const varchar = (length: number) => field(1043, { modifier: length + 4 })
  const char = (length: number) => field(1042, { modifier: length + 4 })

  it.each([
    ['text', 'redact', field(TEXT), '[masked]'],
    ['text', 'partial', field(TEXT), '****.com'],
    ['varchar(3)', 'redact', varchar(3), '***'],
    ['varchar(10)', 'hash', varchar(10), expect.stringMatching(/^[0-9a-f]{10}$/)],
    ['varchar(20)', 'redact', varchar(20), '[masked]'],
    ['char(10)', 'redact', char(10), '[masked]  '],
    ['char(3)', 'redact', char(3), '***'],
    ['name', { fixed: 'x'.repeat(99) }, field(19), 'x'.repeat(63)],
    ['text', { fixed: 'nobody' }, field(TEXT), 'nobody'],
    ['text', 'null', field(TEXT), null],
    ...(['redact', 'partial', 'hash', { fixed: '1' }] as const).flatMap((as) =>
      [16, 20, 23, 700, 701, 1700, 790, 1082, 1114, 1184, 1186, 869, 17, 142, 18, 1009, 2249, 3904, 16999].map(
        (type) => [`type ${type}`, as, field(type), null] as const,
      ),
    ),
  ] as const)('%s, %j', (_, as, one, expected) => {
    const content = shown(as as MaskOperator, one as ResultField, 'ada@example.com')
    expect(content === null ? null : content.toString()).toEqual(expected)
  })

  it('hashes char(n) as the text without the blanks behind it', () => {
    expect(shown('hash', char(40), 'ada'.padEnd(40))?.toString().trim()).toBe(shown('hash', field(TEXT), 'ada')?.toString())
    expect(shown('partial', char(20), 'ada@example.com     ')?.toString()).toBe('****.com'.padEnd(20))
  })

  it('a UUID, the same in text and binary', () => {
    const uuid = '01234567-89ab-cdef-0123-456789abcdef'
    const text = shown('hash', field(2950), uuid)?.toString()
    expect(text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const binary = shown('hash', field(2950, { format: 1 }), Buffer.from(uuid.replaceAll('-', ''), 'hex'))
    expect(binary?.toString('hex')).toBe(text?.replaceAll('-', ''))
    expect(shown('redact', field(2950), uuid)).toBeNull()
    expect(shown('hash', field(2950), 'no uuid')).toBeNull()
  })

  it('JSON, by its strings; the byte before binary jsonb stays', () => {
    const json = '{"email": "ada@example.com", "n": [1, true]}'
    const expected = { email: '****.com', n: [null, null] }
    expect(JSON.parse(`${shown('partial', field(114), json)}`)).toEqual(expected)
    const binary = shown('partial', field(3802, { format: 1 }), Buffer.concat([Buffer.of(1), Buffer.from(json)])) as Buffer
    expect(binary[0]).toBe(1)
    expect(JSON.parse(binary.subarray(1).toString())).toEqual(expected)
    expect(shown('null', field(114), json)).toBeNull()
    expect(shown('partial', field(114), '"cut')?.toString()).toBe('"[masked]"')
  })

  it('an enum, by one of its labels or by none', () => {
    expect(shown({ fixed: 'gold' }, field(16999), 'silver', ['gold', 'silver'])?.toString()).toBe('gold')
    expect(shown({ fixed: 'tin' }, field(16999), 'silver', ['gold', 'silver'])).toBeNull()
    expect(shown('redact', field(16999), 'silver', ['gold', 'silver'])).toBeNull()
  })
})

describe('rows', () => {
  it('keep what is not masked, and NULL', () => {
    const rows = masker([mask('partial')], [field(25), field(25, { column: 2 }), field(25)])
    const row = dataRow('ada@example.com', 'kept', null)
    const padded = Buffer.concat([Buffer.from('before'), row, Buffer.from('behind')])
    expect(cellsOf(rows.row(padded, 6, 6 + row.length)).map(String)).toEqual(['****.com', 'kept', 'null'])
    expect(rows.counts()).toEqual([['m', 's.t.c', 1]])
  })

  it('have what detectors find replaced, and NULL where the type has no room for that', () => {
    const detecting = [mask('redact', { name: 'mail', columns: [], detect: ['email', 'ip'] })]
    const fields = [field(25), field(114), field(1009), field(17), field(2950), field(20), field(869), field(25)]
    const rows = masker(detecting, fields)
    const hex = `\\x${Buffer.from('ada@example.com').toString('hex')}`
    const uuid = '01234567-89ab-cdef-0123-456789abcdef'
    const row = dataRow('to ada@example.com', '{"to": "ada@example.com"}', '{ada@example.com}', hex, uuid, '42', '10.0.0.1', 'nothing')
    expect(cellsOf(rows.row(row, 0, row.length)).map(String)).toEqual([
      ...['to [email]', '{"to": "[email]"}', 'null', 'null', uuid, '42', 'null', 'nothing'],
    ])
    expect(rows.counts()).toEqual([
      ['mail', 'email', 4],
      ['mail', 'ip', 1],
    ])
  })

  it('are of their own memory, one behind the other', () => {
    const rows = masker([mask('redact')], [field(25)])
    const row = dataRow('ada@example.com')
    const [first, second] = [{ ...rows.row(row, 0, row.length) }, { ...rows.row(row, 0, row.length) }]
    expect(second.bytes).toBe(first.bytes)
    expect(second.start).toBe(first.end)
    row.fill(0)
    expect(cellsOf(first).map(String)).toEqual(['[masked]'])
    const long = dataRow('x'.repeat(200_000))
    const kept = masker([mask('redact')], [field(25), field(25, { column: 2 })])
    const wide = dataRow('x', 'y'.repeat(200_000))
    expect(lengthOf(kept.row(wide, 0, wide.length))).toBe(wide.length + 7)
    expect(lengthOf(rows.row(long, 0, long.length))).toBe(row.length - 15 + 8)
    // What was handed out before is as it was.
    expect(cellsOf(second).map(String)).toEqual(['[masked]'])
  })

  it.each([
    ['fewer columns', dataRow('a')],
    ['more columns', dataRow('a', 'b', 'c')],
    ['nothing', message(0x44)],
    ['a length beyond its end', Buffer.concat([dataRow('a', 'b').subarray(0, -5), Buffer.from([0, 0, 0, 9, 1])])],
    ['a negative length', message(0x44, Buffer.from([0, 2, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0]))],
    ['bytes behind its cells', message(0x44, Buffer.concat([dataRow('a', 'b').subarray(5), Buffer.from('x')]))],
  ])('are refused with %s', (_, row) => {
    const rows = masker([mask('redact')], [field(25), field(25)])
    expect(() => rows.row(row, 0, row.length)).toThrow(WireError)
  })

  it('are never read beyond their end, and come out whole or not at all', () => {
    const cell = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 30 }), fc.constantFrom('ada@example.com', '{"a":"b@c.de"}'))
    const types = fc.constantFrom(25, 1043, 1042, 114, 3802, 2950, 23, 17, 869, 1009, 16999)
    const operators = fc.constantFrom<MaskOperator>('redact', 'null', 'partial', 'hash', { fixed: 'x' })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(types, fc.boolean(), cell), { minLength: 1, maxLength: 5 }),
        operators,
        fc.nat(),
        (columns, as, cut) => {
          const fields = columns.map(([type, covered], at) => field(type, { column: covered ? 1 : 2, format: at % 2 === 0 ? 0 : 1 }))
          fields.push(field(25))
          const rows = masker([mask(as, { detect: ['email', 'ip', 'card'] })], fields)
          const row = dataRow(...columns.map(([, , content]) => content), 'x')
          expect(cellsOf(rows.row(row, 0, row.length)).length).toBe(fields.length)
          const shorter = row.subarray(0, cut % row.length)
          expect(() => rows.row(shorter, 0, shorter.length)).toThrow(WireError)
        },
      ),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const rows = masker([mask('redact')], [field(25), field(114)])
        try {
          cellsOf(rows.row(message(0x44, bytes), 0, bytes.length + 5))
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
    )
  })
})

it('does not say whether an expression is NULL, where its type has room for something else', () => {
  const fields = [field(25, { table: 0, column: 0 }), field(23, { table: 0, column: 0 }), field(25)]
  const row = dataRow(null, null, null)
  expect(cellsOf(masker([mask('redact')], fields).row(row, 0, row.length))).toEqual([Buffer.from('[masked]'), null, null])
})
