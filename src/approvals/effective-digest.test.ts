import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { effectiveOf } from '../../test/parts/approvals.ts'
import type { EffectiveOperation } from '../operations/index.ts'
import { effectiveDigest } from './effective-digest.ts'

const base = effectiveOf('DELETE FROM orders WHERE id = $1', {
  parts: [
    { label: 'statement', content: Buffer.from('DELETE FROM orders WHERE id = $1'), detail: { types: '23' } },
    { label: 'parameters', content: Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 0x37, 0, 0]), detail: { formats: 0 } },
  ],
})
const [statement, parameters] = base.parts as [EffectiveOperation['parts'][0], EffectiveOperation['parts'][0]]
const digest = effectiveDigest('run_a', base)

describe('the digest of an effective operation', () => {
  it.each<[string, EffectiveOperation]>([
    [
      'one byte of the statement',
      { ...base, parts: [{ ...statement, content: Buffer.from('DELETE FROM orders WHERE id = $2') }, parameters] },
    ],
    [
      'a space behind the statement',
      { ...base, parts: [{ ...statement, content: Buffer.concat([statement.content, Buffer.from(' ')]) }, parameters] },
    ],
    ['a parameter', { ...base, parts: [statement, { ...parameters, content: Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 0x38, 0, 0]) }] }],
    ['the type of a parameter', { ...base, parts: [{ ...statement, detail: { types: '25' } }, parameters] }],
    ['the format of a parameter', { ...base, parts: [statement, { ...parameters, detail: { formats: 1 } }] }],
    ['a number that becomes a string', { ...base, parts: [statement, { ...parameters, detail: { formats: '0' } }] }],
    ['the order of the parts', { ...base, parts: [parameters, statement] }],
    ['a part more', { ...base, parts: [statement, parameters, parameters] }],
    ['the label of a part', { ...base, parts: [statement, { ...parameters, label: 'parameter' }] }],
    ['the resource', { ...base, resource: 'billing-db' }],
    ['the database', { ...base, database: 'order' }],
    ['no database', effectiveOf('', { parts: base.parts, database: undefined as unknown as string })],
    ['the search path', { ...base, session: { ...base.session, search_path: 'evil, public' } }],
    ['a setting more', { ...base, session: { ...base.session, role: 'admin' } }],
    ['a setting less', { ...base, session: { user: 'gatescribe' } }],
    ['content that follows', { ...base, stream: true }],
  ])('is another one for %s', (_, other) => {
    expect(effectiveDigest('run_a', other)).not.toBe(digest)
  })

  it('is another one in another run', () => {
    expect(effectiveDigest('run_b', base)).not.toBe(digest)
  })

  it('does not depend on facts, which follow from the rest, nor on the order in which settings were collected', () => {
    const session = Object.fromEntries(Object.entries(base.session).reverse())
    expect(effectiveDigest('run_a', { ...base, session, facts: [] })).toBe(digest)
  })

  it('tells lone surrogates apart', () => {
    const of = (text: string) => effectiveDigest('run_a', { ...base, session: { search_path: text } })
    expect(of('\ud800')).not.toBe(of('\ud801'))
  })

  it('is the same for the same operation only', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', '1', '|'), maxLength: 3 })
    const entries = <T>(value: fc.Arbitrary<T>) =>
      fc.dictionary(
        texts.filter((name) => name !== '__proto__'),
        value,
        { maxKeys: 2 },
      )
    const part = fc.record({
      label: texts,
      content: fc.uint8Array({ max: 2, maxLength: 3 }),
      detail: entries(fc.oneof(texts, fc.integer({ min: 0, max: 2 }))),
    })
    const operation = fc.record({
      protocol: fc.constantFrom('postgres' as const, 'kubernetes' as const, 'http' as const),
      resource: texts,
      database: texts,
      parts: fc.array(part, { maxLength: 2 }),
      session: entries(texts),
      facts: fc.constant([]),
      stream: fc.boolean(),
    })
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(operation, (one) => {
        const plain = JSON.stringify([one.protocol, one.resource, one.database, one.stream, one.parts.map(plainPart), sorted(one.session)])
        const of = effectiveDigest('run_a', one)
        expect(seen.get(of) ?? plain).toBe(plain)
        seen.set(of, plain)
      }),
      { numRuns: 3_000 },
    )
    expect(new Set(seen.values()).size).toBe(seen.size)
  })
})

const sorted = (values: object) => Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))
const plainPart = ({ label, content, detail }: EffectiveOperation['parts'][0]) => [label, [...content], sorted(detail ?? {})]
