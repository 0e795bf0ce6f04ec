import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mask, MaskOperator } from '../../../operations/index.ts'
import { WireError } from '../wire/errors.ts'
import { type CopyFormat, type CopyMasking, copyMasker, planMasks } from './index.ts'

const key = Buffer.alloc(32, 7)
const byte = (character: string) => character.charCodeAt(0)
const text: CopyFormat = { format: 'text', delimiter: 9, quote: byte('"'), escape: byte('"'), null: Buffer.from('\\N'), header: false }
const csv: CopyFormat = { ...text, format: 'csv', delimiter: byte(','), null: Buffer.alloc(0) }

const mask = (as: MaskOperator, more: Partial<Mask> = {}): Mask => ({
  ...{ name: 'm', columns: ['db.s.t.c'], detect: [], patterns: [], as, unmaskedWrite: false, predicates: false },
  ...more,
})

/** Two columns of which the second is masked, unless the columns say otherwise: 1 is masked. */
function masker(format: CopyFormat, as: MaskOperator = 'redact', columns: readonly number[] = [2, 1], detect: readonly string[] = []) {
  const binary = format.format === 'binary'
  const fields = columns.map((column) => ({
    ...{ name: 'a', table: 16400, column, type: 25, modifier: -1, format: (binary ? 1 : 0) as 0 | 1 },
  }))
  const catalog = { origin: (_: number, column: number) => [`s.t.${column === 1 ? 'c' : 'other'}`], labels: () => undefined }
  const plan = planMasks({ masks: [mask(as, { detect })], database: 'db', outputs: undefined, fields, catalog, encoding: 'UTF8' })
  if (!plan) throw new Error('nothing is masked')
  return copyMasker(plan, format, key)
}

/** What may go on of a CopyData message with this content. */
function pushed(copy: CopyMasking, content: string | Uint8Array): Buffer {
  const padded = Buffer.concat([Buffer.from('before'), Buffer.from(content), Buffer.from('behind')])
  const range = copy.push(padded, 6, padded.length - 6)
  if (!range) return Buffer.alloc(0)
  const message = Buffer.from(range.bytes.subarray(range.start, range.end))
  expect(message.length).toBeGreaterThan(5)
  expect(message[0]).toBe(0x64)
  expect(message.readUInt32BE(1)).toBe(message.length - 1)
  return message.subarray(5)
}

function copied(
  content: string | Uint8Array,
  format: CopyFormat,
  as?: MaskOperator,
  columns?: readonly number[],
  detect?: readonly string[],
) {
  const copy = masker(format, as, columns, detect)
  const out = pushed(copy, content)
  copy.end()
  return out.toString('latin1')
}

describe('text', () => {
  it.each([
    ['a\tb\n', 'a\t[masked]\n'],
    ['a\t\\N\n', 'a\t\\N\n'],
    ['\\N\t\n', '\\N\t[masked]\n'],
    ['a\\tb\\\\\tc\\td\\n\nx\ty\n', 'a\\tb\\\\\t[masked]\nx\t[masked]\n'],
    ['', ''],
  ])('has a column masked and the rest as it was: %j', (content, shown) => {
    expect(copied(content, text)).toBe(shown)
  })

  it('is read and written with its escapes', () => {
    expect(copied('a\t12345678\\tx\\n\\\\\n', text, 'partial')).toBe('a\t****\\tx\\n\\\\\n')
    expect(copied('a\t\\x41\\101bcdefgh\n', text, 'partial')).toBe('a\t****efgh\n')
    expect(copied('a\tb\n', text, { fixed: 'x\\y' })).toBe('a\tx\\\\y\n')
    expect(copied('a|b\\|c\n', { ...text, delimiter: byte('|') }, { fixed: 'x|y' })).toBe('a|x\\|y\n')
    expect(copied('a\tb\n', text, 'null')).toBe('a\t\\N\n')
  })

  it('does not say by a NULL of another form which values are written like it', () => {
    expect(copied('a\tnothing\nb\tx\n', { ...text, null: Buffer.from('nothing') })).toBe('a\t[masked]\nb\t[masked]\n')
    expect(copied('a\t\nb\tx\n', { ...text, null: Buffer.alloc(0) })).toBe('a\t[masked]\nb\t[masked]\n')
  })

  it('has a line of names where it says so', () => {
    expect(copied('a\tb\na\tb\n', { ...text, header: true })).toBe('a\tb\na\t[masked]\n')
  })
})

describe('CSV', () => {
  it.each([
    ['a,b\n', 'a,[masked]\n'],
    ['a,\n', 'a,\n'],
    // Quotes would say that a delimiter, a quote or a new line is in it.
    ['a,""\n', 'a,[masked]\n'],
    ['"a,""\n",b\nc,"d\n,"\n', '"a,""\n",[masked]\nc,[masked]\n'],
    ['"a""",b\n', '"a""",[masked]\n'],
    ['"a\\",b\n', '"a\\",[masked]\n'],
  ])('has a column masked and the rest as it was: %j', (content, shown) => {
    expect(copied(content, csv)).toBe(shown)
  })

  it('is read and written with its quotes', () => {
    expect(copied('a,"1234,""5\n"\n', csv, 'partial')).toBe('a,"****,""5\n"\n')
    expect(copied('a,b\n', csv, { fixed: 'x,"y"' })).toBe('a,"x,""y"""\n')
    expect(copied('a,b\n', { ...csv, null: Buffer.from('x') }, { fixed: 'x' })).toBe('a,"x"\n')
    expect(copied('a,"b"\n', csv, 'null')).toBe('a,\n')
    const other: CopyFormat = { ...csv, delimiter: byte(';'), quote: byte("'"), escape: byte('\\') }
    expect(copied("'a\\';\\\\';'12345678\\''\n", other, 'partial')).toBe("'a\\';\\\\';'****678\\''\n")
    expect(copied('b\n', csv, { fixed: '\\.' }, [1])).toBe('"\\."\n')
  })

  it('has names that may hold anything', () => {
    expect(copied('"a\n,""b",c\na,b\n', { ...csv, header: true })).toBe('"a\n,""b",c\na,[masked]\n')
  })
})

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
function tuple(...cells: readonly (string | null)[]): Buffer {
  const parts = [Buffer.from([0, cells.length])]
  for (const cell of cells) {
    const length = Buffer.alloc(4)
    length.writeInt32BE(cell === null ? -1 : Buffer.byteLength(cell))
    parts.push(length, Buffer.from(cell ?? ''))
  }
  return Buffer.concat(parts)
}
const TRAILER = Buffer.from([0xff, 0xff])
const binary: CopyFormat = { format: 'binary' }

describe('binary', () => {
  it('has a column masked and the rest as it was', () => {
    const content = Buffer.concat([HEADER, tuple('a', 'secret'), tuple(null, null), tuple('', ''), TRAILER])
    const shown = Buffer.concat([HEADER, tuple('a', '[masked]'), tuple(null, null), tuple('', '[masked]'), TRAILER])
    expect(copied(content, binary)).toBe(shown.toString('latin1'))
    const none = Buffer.concat([HEADER, tuple('a', null), tuple(null, null), tuple('', null), TRAILER])
    expect(copied(content, binary, 'null')).toBe(none.toString('latin1'))
  })

  it('may have an extension in its header', () => {
    const header = Buffer.concat([HEADER.subarray(0, 15), Buffer.from([0, 0, 0, 3]), Buffer.from('ext')])
    expect(copied(Buffer.concat([header, tuple('a', 'b'), TRAILER]), binary)).toBe(
      Buffer.concat([header, tuple('a', '[masked]'), TRAILER]).toString('latin1'),
    )
  })
})

const HOSTILE: readonly (readonly [string, CopyFormat, string | Uint8Array])[] = [
  ['fewer columns', text, 'a\n'],
  ['more columns', text, 'a\tb\tc\n'],
  ['an end within a line', text, 'a\tb'],
  ['an end within quotes', csv, 'a,"b\n'],
  ['fewer columns than its names', { ...csv, header: true }, 'a,b,c\n'],
  ['another signature', binary, Buffer.concat([Buffer.from('PGCOPX'), HEADER.subarray(6), TRAILER])],
  ['flags that nobody knows', binary, Buffer.concat([HEADER.subarray(0, 11), Buffer.from([0, 1, 0, 0]), Buffer.alloc(4), TRAILER])],
  ['a negative extension', binary, Buffer.concat([HEADER.subarray(0, 15), Buffer.from([0xff, 0, 0, 0])])],
  ['another number of columns', binary, Buffer.concat([HEADER, tuple('a'), TRAILER])],
  ['a negative number of columns', binary, Buffer.concat([HEADER, Buffer.from([0xff, 0xfe])])],
  ['a negative length', binary, Buffer.concat([HEADER, Buffer.from([0, 2, 0xff, 0xff, 0xff, 0xfe])])],
  ['rows behind its trailer', binary, Buffer.concat([HEADER, TRAILER, tuple('a', 'b')])],
  ['no trailer', binary, Buffer.concat([HEADER, tuple('a', 'b')])],
]

it.each(HOSTILE)('is refused with %s', (_, format, content) => {
  expect(() => copied(content, format)).toThrow(WireError)
})

it('gives a whole row for a whole row', () => {
  for (const [format, rows] of [
    [text, ['a\tb\n', '\\N\t\\N\n', 'c\td\\n\n']],
    [csv, ['a,"b\n"\n', ',\n']],
  ] as const) {
    const copy = masker(format)
    for (const row of rows) expect(pushed(copy, row).toString()).toMatch(/\n$/)
    copy.end()
  }
  const copy = masker(binary)
  const first = Buffer.concat([HEADER, tuple('a', 'b')])
  expect(pushed(copy, first)).toEqual(Buffer.concat([HEADER, tuple('a', '[masked]')]))
  expect(pushed(copy, tuple('a', 'b'))).toEqual(tuple('a', '[masked]'))
  expect(pushed(copy, TRAILER)).toEqual(TRAILER)
  copy.end()
})

it('comes to the same cut at every byte', () => {
  const contents: readonly (readonly [CopyFormat, Buffer])[] = [
    [text, Buffer.from('a\\tb\tada@example.com\n\\N\t\\N\nx\\\\\t12\\n345678\\\\\\t\n\t\n')],
    [csv, Buffer.from('"a,""\n",ada@example.com\n,\n"x","1234,""567\n""8"\n"",""\n')],
    [{ ...csv, escape: byte('\\') }, Buffer.from('"a,\\"\n","12345678\\\\"\nx,"\\"\\"345678"\n')],
    [{ ...csv, header: true }, Buffer.from('"a\n",b\nc,12345678\n')],
    [binary, Buffer.concat([HEADER, tuple('a', 'ada@example.com'), tuple(null, null), tuple('', ''), TRAILER])],
  ]
  for (const [format, content] of contents) {
    const whole = copied(content, format, 'partial')
    for (let cut = 0; cut <= content.length; cut++) {
      const copy = masker(format, 'partial')
      const parts = [pushed(copy, content.subarray(0, cut)), pushed(copy, content.subarray(cut))]
      copy.end()
      expect(Buffer.concat(parts).toString('latin1')).toBe(whole)
    }
    const copy = masker(format, 'partial')
    const bytes = [...content].map((one) => pushed(copy, Uint8Array.of(one)))
    copy.end()
    expect(Buffer.concat(bytes).toString('latin1')).toBe(whole)
  }
})

it('holds no more than one cell of 1 MiB, and shows nothing of a longer one', () => {
  const long = 'x'.repeat(1024 * 1024 + 1)
  for (const detect of [[], ['email']]) {
    for (const [format, before, behind, shown] of [
      [text, 'a\t', '\n', 'a\t[masked]\n'],
      [csv, 'a,"', '"\n', 'a,[masked]\n'],
    ] as const) {
      const copy = masker(format, 'partial', detect.length > 0 ? [2, 2] : [2, 1], detect)
      const parts = [pushed(copy, before)]
      for (let at = 0; at < long.length; at += 65_536) parts.push(pushed(copy, long.slice(at, at + 65_536)))
      parts.push(pushed(copy, behind))
      expect(Buffer.concat(parts).toString()).toBe(shown)
    }
  }
  const copy = masker(binary, 'hash')
  const content = Buffer.concat([HEADER, tuple('a', long), TRAILER])
  expect(Buffer.concat([pushed(copy, content.subarray(0, 5000)), pushed(copy, content.subarray(5000))])).toEqual(
    Buffer.concat([HEADER, tuple('a', '[masked]'), TRAILER]),
  )
})

it('masks what detectors find, and counts it', () => {
  const copy = masker(csv, 'redact', [2, 1, 2], ['email'])
  const out = pushed(copy, '"to ada@example.com, ""x""",b,none\nx,,bob@example.com\n')
  expect(out.toString()).toBe('"to [email], ""x""",[masked],none\nx,,[email]\n')
  expect(copy.counts()).toEqual([
    ['m', 's.t.c', 1],
    ['m', 'email', 2],
  ])
})

describe('whatever comes', () => {
  /** As a server writes it. */
  const written = (cell: string | null, format: Exclude<CopyFormat, { format: 'binary' }>) => {
    if (cell === null) return format.null.toString()
    if (format.format === 'text')
      return cell.replace(/[\\\n\r\t\b\f\v]/g, (c) => `\\${{ '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f', '\v': 'v' }[c] ?? c}`)
    return /[",\n\r]/.test(cell) || cell === '' ? `"${cell.replaceAll('"', '""')}"` : cell
  }
  const cell = fc.oneof(fc.constant(null), fc.string({ unit: fc.constantFrom('a', '\\', '"', ',', '\t', '\n', '\r', 'N', '.', 'é') }))

  it('leaves other columns as they were, byte for byte, and the masked one without its value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell)),
        fc.constantFrom(text, csv),
        fc.array(fc.nat(), { maxLength: 4 }),
        (rows, format, cuts) => {
          const delimiter = String.fromCharCode(format.delimiter)
          const lines = (second: (one: string | null) => string) =>
            rows.map(([one, two]) => `${written(one, format)}${delimiter}${second(two)}\n`).join('')
          const content = Buffer.from(lines((one) => written(one, format)))
          const copy = masker(format, { fixed: 'hidden' })
          const places = [0, ...cuts.map((cut) => cut % (content.length + 1)).sort((a, b) => a - b), content.length]
          const out = places.slice(1).map((to, at) => pushed(copy, content.subarray(places[at], to)))
          copy.end()
          expect(Buffer.concat(out).toString()).toBe(lines((one) => (one === null ? written(one, format) : 'hidden')))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is masked or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(text, csv, binary), fc.boolean(), (bytes, format, headed) => {
        const copy = masker(format, 'partial', [1, 2], ['email'])
        try {
          pushed(copy, headed && format.format === 'binary' ? Buffer.concat([HEADER, bytes]) : bytes)
          copy.end()
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
