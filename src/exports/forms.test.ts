import { readFileSync } from 'node:fs'
import { assert, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SAMPLE_LOG, SAMPLE_SENDER, sampleBatch } from '../../test/exports/sample-batch.ts'
import { SAMPLES, storedSample } from '../../test/exports/sample-entries.ts'
import { digestOf } from '../../test/parts/export-receiver.ts'
import { batchHeader, batchOf, eventOf } from './batch.ts'
import { kindFacts } from './kinds.ts'
import { classes } from './ocsf/classes.ts'
import { mappings } from './ocsf/mapping.ts'
import { ocsfForm } from './ocsf/ocsf-form.ts'
import { otlpForm } from './otlp-form.ts'
import { webhookForm } from './webhook-form.ts'

interface OcsfEvent extends Readonly<Record<string, unknown>> {
  readonly class_uid: number
  readonly category_uid: number
  readonly activity_id: number
  readonly type_uid: number
  readonly metadata: {
    readonly uid: string
    readonly event_code?: string
    readonly sequence?: number
    readonly profiles?: readonly string[]
  }
  readonly raw_data?: string
}

const batch = sampleBatch()
const texts = batch.events.map(({ entry }) => Buffer.from(entry.bytes).toString())
const events = JSON.parse(ocsfForm.encode(batch, SAMPLE_SENDER)) as OcsfEvent[]
const entries = events.slice(batch.notices.length)
const of = (kind: string) => entries.filter(({ metadata }) => metadata.event_code === kind)
const page = readFileSync(new URL('../../docs/exports.md', import.meta.url), 'utf8')

it('has a word and a class for every kind, and a sample of each', () => {
  const kinds = Object.keys(kindFacts).sort()
  expect(Object.keys(mappings).sort()).toEqual(kinds)
  expect([...new Set(SAMPLES.map(([kind]) => kind))].sort()).toEqual(kinds)
})

it.each(Object.entries(mappings))('says in docs/exports.md what %s is', (kind, { class: name }) => {
  const [, said] = new RegExp(`^\\| \`${kind.replaceAll('.', '[.]')}\` \\| ([^|]+) \\|`, 'm').exec(page) ?? []
  const uid = name === 'operation' ? '6005 or API Activity 6003' : String(classes[name].uid)
  expect(said).toContain(uid)
})

describe('OCSF', () => {
  it('counts its types as the schema does, and names each class by its number', () => {
    for (const { class_uid: uid, category_uid: category, activity_id: activity, type_uid: type } of events) {
      expect(Object.values(classes).map((known) => known.uid)).toContain(uid)
      expect(type).toBe(uid * 100 + activity)
      expect(category).toBe(Math.floor(uid / 1_000))
    }
  })

  it('keeps each entry as it is stored, in order, under its id', () => {
    expect(entries.map(({ raw_data: raw }) => raw)).toEqual(texts)
    expect(entries.map(({ metadata: { uid, sequence } }) => [uid, sequence])).toEqual(texts.map((_, n) => [`${SAMPLE_LOG}/${n}`, n]))
  })

  it('says who did what where, though an operation names only its session', () => {
    const [allowed, denied, asked] = of('operation.intent')
    expect(allowed).toMatchObject({
      ...{ class_uid: 6005, action_id: 1, disposition_id: 1, severity_id: 1, status_id: 1 },
      actor: { user: { uid: 'AbCdEfGhIjKlMnOpQrStUv' }, session: { uid: 'ses_0123456789abcdef' } },
      database: { name: 'orders-db' },
      authorizations: [{ decision: 'allow', policy: { name: 'may-read', uid: 'sha256:aa' } }],
      observables: [{ name: 'actor.user.uid', type_id: 31, value: 'AbCdEfGhIjKlMnOpQrStUv' }],
    })
    expect(denied).toMatchObject({
      action_id: 2,
      disposition_id: 2,
      severity_id: 3,
      status_id: 2,
      message: expect.stringContaining('denied'),
    })
    expect(asked).toMatchObject({ action_id: 0, disposition_id: 14, status_id: 0 })
    expect(of('operation.intent')[3]).toMatchObject({ class_uid: 6003, resources: [{ name: 'cluster', type: 'kubernetes' }] })
  })

  it('says how operations ended, with the code of the target', () => {
    const [failed, refused, unknown, completed] = of('operation.outcome')
    expect([failed, refused, unknown, completed].map((event) => event?.status)).toEqual(['Failure', 'Failure', 'Unknown', 'Success'])
    expect(failed).toMatchObject({ status_code: '42P01' })
  })

  it('tells a kind that it does not know as what it is', () => {
    const entry = { ...storedSample(0, 'gap', { n: 1 }), kind: 'later.kind' as never }
    const later = batchOf(SAMPLE_LOG, { from: 0, to: 1 }, [eventOf(SAMPLE_LOG, entry, { decisions: [] })], [], 0)
    expect(JSON.parse(ocsfForm.encode(later, SAMPLE_SENDER))).toMatchObject([
      { class_uid: 0, type_uid: 99, metadata: { event_code: 'later.kind' } },
    ])
  })
})

it('says as OTLP when each was, to the nanosecond, and how much it deserves to be looked at', () => {
  const { resourceLogs } = JSON.parse(otlpForm.encode(batch, SAMPLE_SENDER))
  const records = resourceLogs[0].scopeLogs[0].logRecords.slice(batch.notices.length)
  expect(records[0]).toMatchObject({
    ...{ timeUnixNano: '1795780800123456789', severityNumber: 9, eventName: 'gatescribe.gateway.start', body: { stringValue: texts[0] } },
  })
  const broken = records.find(({ eventName }: { eventName: string }) => eventName === 'gatescribe.breakglass.opened')
  expect(broken).toMatchObject({ severityNumber: 21 })
})

it.each([
  ['{}', undefined],
  ['', undefined],
  ['no JSON', undefined],
  ['{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}', 3],
  ['{"partialSuccess":{"rejectedLogRecords":0,"errorMessage":"a warning"}}', undefined],
  ['{"partialSuccess":null}', undefined],
  ['[1]', undefined],
])('understands the answer %s of a collector', (answer, rejected) => {
  expect(otlpForm.rejected?.(Buffer.from(answer))).toBe(rejected)
})

it('tells a webhook each entry byte for byte, and what it is about beside it', () => {
  const body = webhookForm.encode(batch, SAMPLE_SENDER)
  const said = JSON.parse(body)
  expect(said).toMatchObject({ log: SAMPLE_LOG, from: 0, to: SAMPLES.length, count: SAMPLES.length, digest: digestOf(texts) })
  expect(said.events.map(({ entry }: { entry: object }) => JSON.stringify(entry))).toEqual(texts)
  for (const text of texts) expect(body).toContain(`"entry":${text}}`)
  expect(said.notices).toMatchObject([
    { notice: 'gap', gap: { from: 3, to: 9, why: 'pruned' } },
    { notice: 'gap', gap: { log: 'gateway.test/tests/zero', from: 12, why: 'set-aside' } },
    { notice: 'test', id: 'tst_1', at: '2026-11-27T00:00:00.000Z' },
  ])
  expect(batchHeader(batch)).toBe(`log=${SAMPLE_LOG}; from=0; to=${SAMPLES.length}; count=${SAMPLES.length}; digest=${digestOf(texts)}`)
})

it('gives a webhook an id for what it says: the same again for the same, another one for anything else', () => {
  const gap = (from: number) => ({ log: SAMPLE_LOG, from, to: from + 1, why: 'skipped' }) as const
  const event = eventOf(SAMPLE_LOG, storedSample(8, 'gap', { n: 1 }), { decisions: [] })
  const id = (gaps: Parameters<typeof batchOf>[3], events: Parameters<typeof batchOf>[2] = [], now = 0) =>
    JSON.parse(webhookForm.encode(batchOf(SAMPLE_LOG, { from: 8, to: 8 + events.length }, events, gaps, now), SAMPLE_SENDER)).id as string
  const different = [id([gap(1)]), id([gap(2)]), id([gap(1), gap(2)]), id([], [event])]
  expect(new Set(different).size).toBe(4)
  expect(id([gap(1), gap(2)], [], 5_000)).toBe(id([gap(1), gap(2)]))
  expect(id([], [event])).toBe(`${SAMPLE_LOG}/8-9`)
})

it('survives whatever a collector answers', () => {
  assert(
    property(uint8Array({ maxLength: 200 }), (answer) => {
      const rejected = otlpForm.rejected?.(answer)
      expect(rejected === undefined || rejected > 0).toBe(true)
    }),
  )
})
