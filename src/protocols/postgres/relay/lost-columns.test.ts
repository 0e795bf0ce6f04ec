import { expect, it } from 'vitest'
import { catalogOf } from '../../../../test/parts/shop-catalog.ts'
import type { Facts, Mask } from '../../../operations/index.ts'
import { LostColumns } from './lost-columns.ts'

const mask = (...columns: string[]): Mask => ({
  ...{ name: 'contacts', columns, detect: [], patterns: [], as: 'redact' },
  ...{ unmaskedWrite: false, predicates: false },
})
const relation = (columns: string[]) => ({ columns })
const catalog = (columns: string[]) =>
  catalogOf({ relations: { 'public.people': relation(columns), 'public.notes': relation(['id']), 'odd.a.b': relation(['c.d']) } })
const using = (reads: string[] | undefined, writes: string[] = []): Facts => ({
  effects: [{ class: 'read', action: 'select' }],
  sql: { statements: 1, ...(reads && { reads }), writes },
})
const refusal = (masks: readonly Mask[], facts: Facts, columns = ['id', 'mail']) =>
  new LostColumns(() => catalog(columns), 'orders').refusal(masks, facts)

it('refuses what uses a relation of which a masked column has another name by now, and nothing else', () => {
  const masks = [mask('orders.public.people.email')]
  expect(refusal(masks, using(['public.people']))).toMatchObject({ code: 'GS_MASKED_COLUMN', rule: 'mask:contacts' })
  expect(refusal(masks, using([], ['public.people']))).toBeDefined()
  expect(refusal(masks, using(undefined))).toBeDefined()
  expect(refusal(masks, { effects: [{ class: 'read', action: 'select' }] })).toBeDefined()
  expect(refusal(masks, using(['public.notes']))).toBeUndefined()
  expect(refusal(masks, { effects: [{ class: 'session', action: 'show' }] })).toBeUndefined()
  expect(refusal(masks, using(['public.people']), ['id', 'email'])).toBeUndefined()
})

it.each([
  ['other databases', 'billing.public.people.email'],
  ['relations that are not there', 'orders.public.persons.email'],
  ['every column of a relation', 'orders.public.people.*'],
  ['names with dots in them', 'orders.odd.a.b.c.d'],
])('says nothing of %s', (_, column) => {
  expect(refusal([mask(column)], using(['public.people', 'odd.a.b']))).toBeUndefined()
})

it('follows the catalog', () => {
  let now: ReturnType<typeof catalog> | undefined
  const lost = new LostColumns(() => now, 'orders')
  const masks = [mask('orders.public.people.email')]
  const facts = using(['public.people'])
  expect(lost.refusal(masks, facts)).toBeUndefined()
  now = catalog(['id', 'email'])
  expect(lost.refusal(masks, facts)).toBeUndefined()
  now = catalog(['id', 'mail'])
  expect(lost.refusal(masks, facts)).toBeDefined()
  expect(lost.refusal([mask('orders.public.people.mail')], facts)).toBeUndefined()
})
