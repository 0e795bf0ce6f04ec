import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestOf, type ExportReceiver, startExportReceiver } from '../../../test/parts/export-receiver.ts'
import { TestTrail } from '../../../test/parts/trail.ts'
import { createReferences } from '../../credentials/index.ts'
import type { ExportSettings } from '../../exports/index.ts'
import type { Trail } from '../../trail/index.ts'
import { Exporting } from './index.ts'

let house: TestTrail
let trail: Trail
let receiver: ExportReceiver
let exporting: Exporting
const lines: string[] = []

const settingsOf = (more: Partial<ExportSettings> = {}): ExportSettings => ({
  ...{ name: 'siem', kind: 'webhook', url: receiver.url, insecureLoopback: true, from: 'start' },
  headers: { authorization: { from: 'env', name: 'TOKEN' } },
  ...((more.kind ?? 'webhook') === 'webhook' && { secret: { from: 'env', name: 'SIGNING' } }),
  ...more,
})

function open(...exports: readonly ExportSettings[]): Exporting {
  const say = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  exporting = new Exporting({
    ...{ folder: house.folder, origin: 'test.example/trail', instance: 'one', version: '1.2.3', exports, trail },
    references: createReferences({ env: { TOKEN: receiver.token, SIGNING: receiver.secret } }),
    log: { warn: say, info: say } as never,
    patience: { first: 20, last: 100, failing: 150 },
  })
  exporting.start()
  return exporting
}

/** Everything that is published, read from the log itself. */
async function published(): Promise<string[]> {
  const { size } = await trail.publish()
  return (await house.entries()).slice(0, size).map(({ bytes }) => Buffer.from(bytes).toString())
}

async function write(count: number, resource = 'orders-db'): Promise<void> {
  for (let n = 0; n < count; n++) trail.append({ kind: 'catalog.read', fields: { resource, n } })
  await trail.durable({ kind: 'catalog.read', fields: { resource, n: count } })
}

const state = () => exporting.state()[0]!

/** All of the log is there, and nothing else. */
async function isWhole(): Promise<void> {
  await expect
    .poll(async () => (await trail.publish()).size === receiver.entries.size && state().lagEntries === 0, { timeout: 10_000, interval: 20 })
    .toBe(true)
  const log = await published()
  expect(receiver.entries.size).toBe(log.length)
  expect(receiver.digest()).toBe(digestOf(log))
}

beforeEach(async () => {
  lines.length = 0
  house = new TestTrail()
  trail = await house.open()
  receiver = await startExportReceiver({ kind: 'webhook' })
})
afterEach(async () => {
  await exporting.close()
  await receiver.close()
  await house.remove()
})

describe.each(['webhook', 'ocsf', 'otlp'] as const)('%s', (kind) => {
  beforeEach(async () => {
    await receiver.close()
    receiver = await startExportReceiver({ kind })
  })

  it('gets exactly what the trail holds, in order, however often it does not take it', async () => {
    await write(1_200)
    receiver.trouble.push(503, 'cut', 302, 'taken-and-cut')
    open(settingsOf({ kind, url: receiver.url }))
    await write(100)
    await isWhole()
    expect([...receiver.entries.keys()].map((id) => id.split('/').at(-1))).toEqual(
      Array.from({ length: receiver.entries.size }, (_, n) => String(n)),
    )
    // What was taken before the connection went is sent once more, and known by its ids.
    expect(receiver.doubles).toBeGreaterThan(0)
    const [first, ...rest] = receiver.batches
    expect(first).toMatchObject({ from: 0 })
    for (const [place, { from }] of rest.entries()) expect(from).toBeLessThanOrEqual(receiver.batches[place]!.to)
    expect(state()).toMatchObject({ state: 'running', failed: 4 })
  })
})
