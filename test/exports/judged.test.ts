import { expect, it } from 'vitest'
import { ocsfForm } from '../../src/exports/ocsf/ocsf-form.ts'
import { otlpForm } from '../../src/exports/otlp-form.ts'
import { needs } from '../parts/require.ts'
import { JUDGES, judge, judgesHere } from './judge.ts'
import { SAMPLE_SENDER, sampleBatch } from './sample-batch.ts'

const batch = sampleBatch()
const ocsf = ocsfForm.encode(batch, SAMPLE_SENDER)

it('is what the published schemas of OCSF say of each class, whatever is recorded', (test) => {
  const python = judgesHere()
  needs(test, python, JUDGES)
  const judged = judge(python, { ocsf })
  expect(judged.ocsf.problems).toEqual([])
  expect(Object.keys(judged.ocsf.classes).length).toBeGreaterThanOrEqual(10)
})

/** One thing that is wrong each. */
const PLANTED: readonly ((event: Record<string, unknown>) => void)[] = [
  (event) => delete event.severity_id,
  (event) => Object.assign(event, { colour: 'red' }),
  (event) => Object.assign(event, { activity_id: 77 }),
]

it('would be told of an attribute that is missing, one that no class has, and a number that means nothing', (test) => {
  const python = judgesHere()
  needs(test, python, JUDGES)
  const events = JSON.parse(ocsf) as Record<string, unknown>[]
  for (const [place, plant] of PLANTED.entries()) plant(events[place]!)
  expect(judge(python, { ocsf: JSON.stringify(events) }).ocsf.problems).toHaveLength(PLANTED.length)
})

it('is read by the decoder that opentelemetry-proto brings, field by field', (test) => {
  const python = judgesHere()
  needs(test, python, JUDGES)
  const { logs } = judge(python, { logs: otlpForm.encode(batch, SAMPLE_SENDER) })
  expect(logs).toMatchObject({
    same: true,
    service: { 'service.name': 'gatescribe', 'service.version': '0.1.0', 'service.instance.id': 'one' },
  })
  const records = logs.records.slice(batch.notices.length)
  expect(records.map(({ uid, event, body }) => [uid, event, body])).toEqual(
    batch.events.map(({ id, entry }) => [id, `gatescribe.${entry.kind}`, Buffer.from(entry.bytes).toString()]),
  )
})
