import fc from 'fast-check'
import { expect, it } from 'vitest'
import { threadTime } from '../../../../test/parts/thread-time.ts'
import type { Mask } from '../../../operations/index.ts'
import { answerMasks } from './answer-masks.ts'

const CANARY = 'Zq7xKw93vJp2'
const mask = (fields: readonly string[], as: Mask['as'] = 'redact', detect: readonly string[] = []): Mask => ({
  ...{ name: 'm', columns: [], fields, detect, patterns: [], as, unmaskedWrite: false, predicates: false },
})
const masking = (resource: string, group: string, masks: readonly Mask[], verb = 'get') =>
  answerMasks({ masks, group, resource, subresource: '', verb, key: Buffer.alloc(32, 1) })?.answer(200, [
    ['Content-Type', 'application/json'],
  ]).body

function rewritten(resource: string, group: string, masks: readonly Mask[], text: string, cut: number, verb?: string): string {
  const body = masking(resource, group, masks, verb)
  if (body === undefined) return text
  const bytes = Buffer.from(text)
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += cut) out.push(Uint8Array.from(body.push(bytes.subarray(at, at + cut), 0)))
  return Buffer.concat([...out, body.end()]).toString()
}

/** Something that an object may hold, in which nothing has to be masked. */
const harmless = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.integer(),
    fc.constantFrom(true, false, null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'spec', 'kind', 'name', 'value', 'é', 'object', 'items', 'x/y'), tie('value'), { maxKeys: 3 }),
  ),
})).value
const cuts = fc.integer({ min: 1, max: 30 })
const blanks = fc.constantFrom(0, 1)
/** What holds an object, as answers do. */
const wrapped = fc.constantFrom<(object: unknown) => unknown>(
  (object) => object,
  (object) => ({ kind: 'List', items: [object, object] }),
  (object) => ({ kind: 'Table', rows: [{ cells: ['a', 1], object }] }),
  (object) => ({ type: 'ADDED', object }),
  (object) => ({ type: 'ADDED', object: { kind: 'Table', rows: [{ object }] } }),
  (object) => ({ metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(object) } } }),
)

it('nothing of a Secret comes, whatever is around it', () => {
  const encoded = Buffer.from(CANARY).toString('base64')
  const values = fc.dictionary(
    fc.string({ maxLength: 10 }),
    fc.constantFrom<unknown>(encoded, CANARY, [CANARY], { deep: { er: CANARY } }),
    { minKeys: 1, maxKeys: 3 },
  )
  fc.assert(
    fc.property(harmless, harmless, values, wrapped, cuts, blanks, (before, behind, data, wrap, cut, space) => {
      const text = JSON.stringify(wrap({ before, data, stringData: data, behind }), null, space)
      const out = rewritten('secrets', '', [mask(['secrets'])], text, cut, 'watch')
      expect(out).not.toContain(CANARY)
      expect(out).not.toContain(encoded)
      const shown = JSON.parse(out) as unknown
      expect(JSON.stringify(shown).length).toBeGreaterThan(0)
    }),
    { numRuns: 300 },
  )
})

it('nothing of environment comes, however deep pods are described', () => {
  const env = [
    { name: 'A', value: CANARY },
    { name: 'B', value: CANARY, more: 1 },
  ]
  const nested = fc.array(fc.constantFrom('spec', 'template', 'jobTemplate', 'containers', 'items', 'data', 'x'), { maxLength: 8 })
  fc.assert(
    fc.property(nested, fc.boolean(), wrapped, cuts, (path, listed, wrap, cut) => {
      const object = path.reduceRight<unknown>((inner, name) => ({ [name]: listed ? [inner] : inner }), { env })
      const text = JSON.stringify(wrap(object))
      const out = rewritten('deployments', 'apps', [mask(['environment'])], text, cut, 'watch')
      expect(out).not.toContain(CANARY)
      expect(out.replaceAll('[masked]', CANARY)).toBe(text)
    }),
    { numRuns: 300 },
  )
})

it('what nothing is masked in comes byte by byte', () => {
  fc.assert(
    fc.property(harmless, wrapped, cuts, blanks, (object, wrap, cut, space) => {
      const text = JSON.stringify(wrap(object), null, space)
      expect(rewritten('secrets', '', [mask(['secrets'])], text, cut, 'watch')).toBe(text)
    }),
    { numRuns: 300 },
  )
})

it('masks and detectors end at bytes that are none, and never show what they could not read', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"data"',
    `"${CANARY}"`,
    '{"data":{"p":',
    '\\',
    '"',
    '\u0000',
    'null',
    '1',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 15 }), cuts, (parts, cut) => {
      const text = `{"data":{"p":"${CANARY}",${parts.join('')}`
      let out = ''
      try {
        out = rewritten('secrets', '', [mask(['secrets'], 'redact', ['email', 'secret'])], text, cut)
      } catch (error) {
        expect(error).toMatchObject({ code: 'GS_MASK_NOT_JSON' })
      }
      expect(out).not.toContain(`"p":"${CANARY}`)
    }),
    { numRuns: 500 },
  )
})

it('takes time by length alone', () => {
  const hostile = [
    `{"metadata":{"annotations":{"a":${JSON.stringify('['.repeat(300_000))}}}}`,
    `{"data":{${Array.from({ length: 20_000 }, (_, at) => `"k${at}":"eA=="`).join(',')}}}`,
    `{"a":"${'\\u0041'.repeat(50_000)}"}`,
    `{"metadata":{"annotations":{${Array.from({ length: 2000 }, (_, at) => `"k${at}":"{\\"data\\":{\\"a\\":\\"b\\"}}"`).join(',')}}}}`,
  ]
  for (const text of hostile) {
    const began = threadTime()
    rewritten('secrets', '', [mask(['secrets', 'environment'], 'hash', ['email', 'card', 'secret'])], text, 64 * 1024)
    expect(threadTime() - began).toBeLessThan(3000)
  }
})
