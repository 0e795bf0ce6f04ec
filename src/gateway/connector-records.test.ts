import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import type { EntryFields } from '../trail/index.ts'
import { ConnectorRecords } from './connector-records.ts'
import { Records } from './records.ts'

const tunnel = { tunnel: 'tun_1', connector: 'con_1', name: 'plant-a', address: '198.51.100.7' }
const stream = { ...tunnel, stream: 'str_1', resource: 'orders-db', session: 'ses_1', target: 'orders.internal:5432' }
const bytes = { ms: 1200.6, bytesIn: 10, bytesOut: 20 }

let at: TestTrail
let records: ConnectorRecords
beforeEach(async () => {
  at = new TestTrail()
  const trail = await at.open()
  records = new ConnectorRecords(trail, new Records(trail))
})
afterEach(() => at.remove())

/** Each entry with what its payloads hold. */
async function entries(): Promise<readonly (readonly [kind: string, EntryFields, payloads: object])[]> {
  await new Promise<void>((resolve) => at.trail!.whenDurable(() => resolve()))
  const all = await at.entries()
  return all
    .filter(({ kind }) => kind.startsWith('connector.'))
    .map(({ kind, fields, payloads }) => [
      kind,
      fields,
      Object.fromEntries(payloads().map(({ name, content }) => [name, Buffer.from(content!).toString()])),
    ])
}

it('tells of a connector from the offer to its end, addresses sealed', async () => {
  await records.offered({ offer: 'off_1', name: 'plant-a', offeredBy: 'p1', expiresAt: Date.parse('2026-08-01T00:15:00Z') })
  await records.enrolled({
    ...{ connector: 'con_1', name: 'plant-a', address: '198.51.100.7' },
    how: { by: 'token', offer: 'off_1', offeredBy: 'p1' },
  })
  await records.enrolled({
    ...{ connector: 'con_2', name: 'plant-a', address: '198.51.100.8' },
    how: { by: 'workload', rule: 'r', token: 't', issuer: 'cluster', subject: 'p2' },
  })
  records.up({ ...tunnel, version: '0.1.0' })
  records.stream(stream)
  records.streamEnd({ ...stream, ...bytes, why: 'ended' })
  records.down({ ...tunnel, ...bytes, why: 'silent' })
  records.refused({ code: 'GS_CONNECTOR_UNKNOWN', address: '203.0.113.9' })
  await records.revoked({ id: 'con_1', name: 'plant-a', revokedBy: 'p1', streams: 2, reason: 'lost laptop of Ada' })
  await records.revoked({ id: 'off_2', name: 'plant-a', revokedBy: 'p1', streams: 0 })

  const link = { tunnel: 'tun_1', connector: 'con_1', name: 'plant-a' }
  const of = { stream: 'str_1', connector: 'con_1', name: 'plant-a', resource: 'orders-db', session: 'ses_1' }
  const sums = { ms: 1201, bytesIn: 10, bytesOut: 20 }
  expect(await entries()).toEqual([
    ['connector.offered', { offer: 'off_1', name: 'plant-a', by: 'p1', expires: '2026-08-01T00:15:00.000Z' }, {}],
    [
      'connector.enrolled',
      { connector: 'con_1', name: 'plant-a', enrolledBy: 'token', offer: 'off_1', by: 'p1' },
      { address: '198.51.100.7' },
    ],
    [
      'connector.enrolled',
      { connector: 'con_2', name: 'plant-a', enrolledBy: 'workload', issuer: 'cluster', subject: 'p2' },
      { address: '198.51.100.8' },
    ],
    ['connector.up', { ...link, version: '0.1.0' }, { address: '198.51.100.7' }],
    ['connector.stream', { ...of, tunnel: 'tun_1' }, { target: 'orders.internal:5432' }],
    ['connector.stream.end', { ...of, ...sums, why: 'ended' }, {}],
    ['connector.down', { ...link, ...sums, why: 'silent' }, {}],
    ['connector.refused', { code: 'GS_CONNECTOR_UNKNOWN' }, { address: '203.0.113.9' }],
    ['connector.revoked', { connector: 'con_1', name: 'plant-a', by: 'p1', streams: 2 }, { reason: 'lost laptop of Ada' }],
    ['connector.revoked', { offer: 'off_2', name: 'plant-a', by: 'p1', streams: 0 }, {}],
  ])
})

it('holds no address, target or reason in clear', async () => {
  records.up({ ...tunnel, version: '0.1.0' })
  records.stream(stream)
  await records.revoked({ id: 'con_1', name: 'plant-a', revokedBy: 'p1', streams: 2, reason: 'lost laptop of Ada' })
  const clear = (await entries()).map(([, fields]) => JSON.stringify(fields)).join()
  for (const word of ['198.51', 'orders.internal', 'Ada']) expect(clear).not.toContain(word)
})
