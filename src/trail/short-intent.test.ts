import fc from 'fast-check'
import { expect, it } from 'vitest'
import { entryText, parseEntry } from './entry.ts'
import { shortIntent } from './short-intent.ts'
import type { EntryDraft, EntryFields, EntryKind } from './trail.ts'

const AT = '2026-11-23T21:24:14.123456789Z'

function stored(fields: EntryFields, { kind = 'operation.intent', payloads }: { kind?: EntryKind; payloads?: string } = {}): Buffer {
  return Buffer.from(entryText({ kind, fields } satisfies EntryDraft, '7f3a9c21b0.1024', AT, payloads))
}

it('reads the intents that come most often', () => {
  const payloads = '{"parameters.17":"7UvJc0m4nYJ3ZC3JcO2m8v3Vw0sQk5b7m0m3aUuWbXk"}'
  expect(shortIntent(stored({ ops: [[17, 3, 1]], session: 'ses_1' }, { payloads }))).toEqual({ session: 'ses_1', operations: [17] })
  const rows = [
    [17, 3, 1],
    [18, 4, 1],
    [1900, 12, 33],
  ]
  expect(shortIntent(stored({ ops: rows, session: 'ses_1' }))).toEqual({ session: 'ses_1', operations: [17, 18, 1900] })
})

it.each<[string, Buffer]>([
  ['another kind', stored({ ops: [[1, 1, 1]], session: 'ses_1' }, { kind: 'log.read' })],
  ['a field before its operations', stored({ decisions: [], ops: [[1, 1, 1]], session: 'ses_1' })],
  ['a form', stored({ ops: [[1, 1, 1, 'simple']], session: 'ses_1' })],
  ['a field behind its session', stored({ ops: [[1, 1, 1]], session: 'ses_1', trace: 'a' })],
  ['no session', stored({ ops: [[1, 1, 1]] })],
  ['a session that is escaped', stored({ ops: [[1, 1, 1]], session: 'a\\b' })],
  ['a session beyond ASCII', stored({ ops: [[1, 1, 1]], session: 'é' })],
  ['a session within another field', stored({ ops: [[1, 1, 1]], other: { session: 'ses_1' } })],
  ['no operations', stored({ ops: [], session: 'ses_1' })],
  ['no bytes', Buffer.alloc(0)],
])('leaves to others what has %s', (_, entry) => {
  expect(shortIntent(entry)).toBeUndefined()
})

it('says the same as parsing does, or nothing', () => {
  const number = fc.oneof(fc.nat(300), fc.maxSafeNat())
  const row = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(number, number, number) },
    { weight: 1, arbitrary: fc.tuple(number, number, number, fc.constantFrom('simple', '],"session":"x"}')) },
  )
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"ops":[[1,1,1]]', ',"session":"x"}', '\\'), fc.nat())
  const fields = fc.record(
    {
      ops: fc.array(row, { minLength: 1, maxLength: 4 }),
      session: fc.oneof(fc.constantFrom('ses_1', 'ses_2', 'ses_"', 'a\\'), fc.string()),
      redacted: value,
      decisions: fc.option(value, { freq: 1, nil: undefined }),
      zone: fc.option(fc.oneof(value, fc.record({ session: value })), { freq: 1, nil: undefined }),
    },
    { requiredKeys: ['ops', 'session'] },
  )
  let read = 0
  fc.assert(
    fc.property(fields, (each) => {
      const entry = stored(JSON.parse(JSON.stringify(each)) as EntryFields)
      const short = shortIntent(entry)
      if (!short) return
      read++
      const parsed = parseEntry(entry)
      expect(short.session).toBe(parsed.fields.session)
      expect(short.operations).toEqual((parsed.fields.ops as number[][]).map(([n]) => n))
    }),
    { numRuns: 3000 },
  )
  expect(read).toBeGreaterThan(50)
})
