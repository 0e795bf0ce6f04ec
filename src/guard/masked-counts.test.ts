import { expect, it } from 'vitest'
import { MaskedCounts } from './masked-counts.ts'

it('adds up what was masked by mask and column', () => {
  const counts = new MaskedCounts()
  counts.add('contacts', 'public.people.email', 2)
  counts.add('contacts', 'email', 1)
  counts.add('contacts', 'public.people.email', 3)
  counts.add('contacts', 'nothing', 0)
  expect(counts.rows(7)).toEqual([
    [7, 'contacts', 'public.people.email', 5],
    [7, 'contacts', 'email', 1],
  ])
})

it('says of more columns than an entry has room for only how often, and no name in full that is too long', () => {
  const counts = new MaskedCounts()
  for (let n = 0; n < 100; n += 1) counts.add('contacts', `${n} ${'x'.repeat(10_000)}`, 2)
  const rows = counts.rows(1)
  expect(rows).toHaveLength(17)
  expect(rows.at(-1)).toEqual([1, '', '', 168])
  expect(JSON.stringify(rows).length).toBeLessThan(6_000)
})
