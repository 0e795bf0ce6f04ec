import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Belonging } from './belonging.ts'

const encoded = (fields: object) => Buffer.from(JSON.stringify({ at: '2026', ...fields }))

it('knows an operation by its session, and the session by who opened it', () => {
  const of = new Belonging({ run: 'run_a' })
  const has = (fields: { run?: string; session?: string }) => of.mayHave(encoded(fields)) && of.has(fields)
  expect(has({ session: 'ses_1' })).toBe(false)
  expect(has({ run: 'run_a', session: 'ses_1' })).toBe(true)
  expect(has({ run: 'run_b', session: 'ses_2' })).toBe(false)
  expect([has({ session: 'ses_1' }), has({ session: 'ses_2' }), has({})]).toEqual([true, false, false])
})

it('is not misled by what only quotes a run or session', () => {
  const of = new Belonging({ run: 'run_a' })
  expect(of.has({ filter: { run: 'run_a', session: 'ses_2' } })).toBe(false)
  of.has({ run: 'run_a', session: 'ses_1' })
  const nested = { filter: { session: 'ses_9' }, session: 'ses_1' }
  expect(of.mayHave(encoded(nested))).toBe(true)
  expect(of.has(nested)).toBe(true)
})

it('never passes over, at a quick look, what it would keep', () => {
  const id = (prefix: string) => fc.integer({ min: 0, max: 3 }).map((n) => `${prefix}_${n}`)
  const entry = fc.record(
    { run: id('run'), session: id('ses'), filter: fc.record({ run: id('run'), session: id('ses') }), say: fc.string() },
    { requiredKeys: [] },
  )
  const to = fc.record({ run: id('run'), session: id('ses') }, { requiredKeys: [] })
  fc.assert(
    fc.property(to, fc.array(entry, { maxLength: 30 }), (asked, entries) => {
      const [plain, quick] = [new Belonging(asked), new Belonging(asked)]
      for (const fields of entries) {
        expect(quick.mayHave(encoded(fields)) && quick.has(fields)).toBe(plain.has(fields))
      }
    }),
  )
})
