import { describe, expect, it } from 'vitest'
import type { Mask } from '../../../operations/index.ts'
import type { OutputColumn } from '../sql/index.ts'
import type { ResultField } from '../wire/row-description.ts'
import { copyFormat, isDelimitable, type MaskCatalog, planMasks, readsMasked } from './index.ts'

const mask = (name: string, more: Partial<Mask> = {}): Mask => ({
  ...{ name, columns: [], detect: [], patterns: [], as: 'partial', unmaskedWrite: false, predicates: false },
  ...more,
})
const contact = mask('contact', { columns: ['orders.public.customers.email'] })
const cards = mask('cards', { detect: ['card'] })
const CUSTOMERS = 16400
const catalog: MaskCatalog = {
  origin: (table, column) => (table === CUSTOMERS ? [`public.customers.${['id', 'email'][column - 1]}`] : undefined),
  labels: () => undefined,
}
const field = (more: Partial<ResultField> = {}): ResultField => ({
  ...{ name: 'a', table: 0, column: 0, type: 25, modifier: -1, format: 0 as const },
  ...more,
})
const output = (from: string[], more: Partial<OutputColumn> = {}): OutputColumn => ({ from, plain: false, certain: true, ...more })

function planned(
  one: Partial<ResultField>,
  outputs: readonly OutputColumn[] | undefined,
  masks: readonly Mask[] = [contact, cards],
  database = 'orders',
) {
  const column = planMasks({ masks, database, outputs, fields: [field(one)], catalog, encoding: 'UTF8' })?.columns[0]
  return column && (column.how === 'found' ? 'found' : `${column.how} ${column.mask.name} ${column.what}`)
}

const EMAIL = 'public.customers.email'

describe('a column that the server hands through from a table', () => {
  it('is masked where its mask names it, whatever the text says', () => {
    expect(planned({ table: CUSTOMERS, column: 2 }, undefined)).toBe(`value contact ${EMAIL}`)
    expect(planned({ table: CUSTOMERS, column: 2 }, [output([])])).toBe(`value contact ${EMAIL}`)
  })

  it('is looked at by detectors where no mask names it, if it may hold a text', () => {
    expect(planned({ table: CUSTOMERS, column: 1 }, undefined)).toBe('found')
    expect(planned({ table: CUSTOMERS, column: 1, type: 20 }, undefined)).toBeUndefined()
    expect(planned({ table: CUSTOMERS, column: 1 }, undefined, [contact])).toBeUndefined()
  })
})

describe('any other column', () => {
  it('is masked by what its text says flows into it', () => {
    expect(planned({}, [output([EMAIL], { plain: true })])).toBe(`value contact ${EMAIL}`)
    expect(planned({ table: 16500, column: 1 }, [output([EMAIL], { plain: true })])).toBe(`value contact ${EMAIL}`)
    expect(planned({}, [output([EMAIL])])).toBe(`whole contact ${EMAIL}`)
    expect(planned({}, [output(['public.customers.*'])])).toBe(`whole contact ${EMAIL}`)
    expect(planned({}, [output(['public.customers.id'])])).toBe('found')
    expect(planned({ type: 23 }, [output([])])).toBeUndefined()
    expect(planned({}, [output(['pg_catalog.pg_stats.most_common_vals'])])).toBe(`whole contact ${EMAIL}`)
    expect(planned({ type: 19 }, [output(['pg_catalog.pg_stats.tablename'])], [contact])).toBeUndefined()
  })

  it('is masked whole where it cannot be told', () => {
    expect(planned({}, undefined)).toBe('whole contact expression')
    expect(planned({}, [])).toBe('whole contact expression')
    expect(planned({}, [output([]), output([])])).toBe('whole contact expression')
    expect(planned({}, [output(['public.customers.id'], { certain: false })])).toBe('whole contact expression')
    expect(planned({}, [output([EMAIL], { plain: true, certain: false })])).toBe(`whole contact ${EMAIL}`)
  })

  it('passes where no mask has a column of this database', () => {
    expect(planned({}, undefined, [contact], 'crm')).toBeUndefined()
    expect(planned({}, undefined, [contact, cards], 'crm')).toBe('found')
  })
})

it('takes the first mask of the configuration that covers a column', () => {
  const again = mask('again', { columns: ['orders.public.customers.*'], as: 'null' })
  expect(planned({ table: CUSTOMERS, column: 2 }, undefined, [contact, again])).toBe(`value contact ${EMAIL}`)
  expect(planned({ table: CUSTOMERS, column: 2 }, undefined, [again, contact])).toBe('value again public.customers.*')
  expect(planned({ table: CUSTOMERS, column: 1 }, undefined, [contact, again])).toBe('value again public.customers.*')
})

it('looks at addresses only where a mask looks for them', () => {
  expect(planned({ type: 869 }, undefined, [cards])).toBeUndefined()
  expect(planned({ type: 869 }, undefined, [mask('ip', { detect: ['ip'] })])).toBe('found')
})

it('says whether a statement may tell something of what is masked', () => {
  const columns = { output: [], predicate: [], written: [], sources: [] }
  const reads = (sql: Parameters<typeof readsMasked>[2], masks = [contact], database = 'orders') => readsMasked(masks, database, sql)
  expect(reads({ columns })).toBe(false)
  expect(reads({ columns: { ...columns, predicate: [EMAIL] } })).toBe(true)
  expect(reads({ columns: { ...columns, written: ['public.customers.*'] } })).toBe(true)
  expect(reads({ columns: { output: [], predicate: [], written: [] } })).toBe(true)
  expect(reads({})).toBe(true)
  expect(reads(undefined)).toBe(true)
  expect(reads(undefined, [contact], 'crm')).toBe(false)
  expect(reads(undefined, [cards])).toBe(false)
})

it('takes what may flow into any column where only their number is not known', () => {
  const any = (anyOutput: OutputColumn) =>
    planMasks({ masks: [contact], database: 'orders', outputs: undefined, anyOutput, fields: [field()], catalog, encoding: 'UTF8' })
  expect(any(output(['public.customers.id']))).toBeUndefined()
  expect(any(output(['public.customers.*']))?.columns[0]).toMatchObject({ how: 'whole' })
})

describe('a COPY TO', () => {
  const copy = { format: 'csv', delimiter: ';', quote: '"', escape: '\\', null: '', header: true } as const

  it('is read by its options', () => {
    const [delimiter, quote, escaping] = Buffer.from(';"\\')
    expect(copyFormat(copy, 'UTF8')).toEqual({ format: 'csv', delimiter, quote, escape: escaping, null: Buffer.alloc(0), header: true })
    expect(copyFormat({ ...copy, format: 'binary' }, undefined)).toEqual({ format: 'binary' })
  })

  it('is not read where its encoding may have quotes and delimiters within characters, or is not known', () => {
    expect(['UTF8', 'LATIN1', 'EUC_JP', 'WIN1252', 'utf-8', 'ISO_8859_5'].map(isDelimitable)).not.toContain(false)
    expect(['SJIS', 'Shift_JIS', 'BIG5', 'GB18030', 'GBK', 'nobody', undefined].map(isDelimitable)).not.toContain(true)
    expect(copyFormat(copy, undefined)).toBeUndefined()
    expect(copyFormat({ ...copy, encoding: 'SJIS' }, 'UTF8')).toBeUndefined()
    expect(copyFormat({ ...copy, encoding: 'UTF8' }, 'SJIS')).toBeDefined()
    expect(copyFormat({ ...copy, null: 'é' }, 'LATIN1')).toBeUndefined()
    expect(copyFormat({ ...copy, null: 'é' }, 'UTF8')).toBeDefined()
    expect(copyFormat({ ...copy, delimiter: 'ab' }, 'UTF8')).toBeUndefined()
  })
})
