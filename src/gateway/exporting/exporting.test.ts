import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestOf, type ExportReceiver, startExportReceiver, type TakenBatch } from '../../../test/parts/export-receiver.ts'
import { issueTestCertificates } from '../../../test/parts/test-certificates.ts'
import { everythingBelow, TestTrail } from '../../../test/parts/trail.ts'
import { createReferences } from '../../credentials/index.ts'
import type { ExportSettings } from '../../exports/index.ts'
import { openExportCursors } from '../../store/index.ts'
import type { Trail } from '../../trail/index.ts'
import { Exporter } from './exporter.ts'
import type { ExportingParts } from './exporting.ts'
import { Exporting, exportFindings } from './index.ts'

let house: TestTrail
let trail: Trail
let receiver: ExportReceiver
let exporting: Exporting
const lines: string[] = []
let environment: Record<string, string> = {}

const settingsOf = (more: Partial<ExportSettings> = {}): ExportSettings => ({
  ...{ name: 'siem', kind: 'webhook', url: receiver.url, insecureLoopback: true, from: 'start' },
  headers: { authorization: { from: 'env', name: 'TOKEN' } },
  ...((more.kind ?? 'webhook') === 'webhook' && { secret: { from: 'env', name: 'SIGNING' } }),
  ...more,
})

/** Most are tested without a thread, whose start takes as long as all the rest. */
let begin: ExportingParts['begin']

function open(...exports: readonly ExportSettings[]): Exporting {
  const say = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  exporting = new Exporting({
    ...{ folder: house.folder, origin: 'test.example/trail', instance: 'one', version: '1.2.3', exports, trail },
    references: createReferences({ env: Object.assign(environment, { TOKEN: receiver.token, SIGNING: receiver.secret }) }),
    log: { warn: say, info: say } as never,
    ...(begin && { begin }),
    patience: { first: 20, last: 100, failing: 150, answer: 300 },
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

/** What is to be exported is published at once, and not within the second that it takes by itself. */
const until = (holds: () => boolean) =>
  expect
    .poll(
      async () => {
        await trail.publish()
        return holds()
      },
      { timeout: 10_000, interval: 20 },
    )
    .toBe(true)
const kinds = async () => (await house.entries()).map(({ kind }) => kind)
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
  environment = {}
  begin = (start, parts) => new Exporter(start, parts)
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
    // One of them in the thread that it is in a gateway.
    if (kind === 'webhook') begin = undefined
    await write(700)
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

it('goes on where it was after a restart, and still knows what a session is about', async () => {
  trail.append({ kind: 'run.start', fields: { run: 'run_1', who: { pseudonym: 'p', kind: 'job' } } })
  trail.append({
    kind: 'session.open',
    fields: { session: 'ses_1', run: 'run_1', resource: 'orders-db', protocol: 'postgres', effect: 'allow' },
  })
  trail.append({ kind: 'operation.intent', fields: { session: 'ses_1', ops: [[1, 1, 1]], decisions: [[1, 'deny', ['no'], 'sha256:aa']] } })
  await write(10)
  open(settingsOf())
  await isWhole()
  await exporting.close()
  await trail.durable({ kind: 'operation.intent', fields: { session: 'ses_1', ops: [[2, 1, 1]] } })
  const calls = receiver.calls
  open(settingsOf())
  await isWhole()
  expect(receiver.doubles).toBe(0)
  expect(receiver.calls).toBeGreaterThan(calls)
  const said = JSON.parse(receiver.batches.at(-1)!.body) as { events: { about: object }[] }
  const about = { run: 'run_1', resource: 'orders-db', who: 'p', decisions: [{ effect: 'deny', rules: ['no'], policy: 'sha256:aa' }] }
  expect(said.events.map((event) => event.about)).toContainEqual(expect.objectContaining(about))
})

it('sends what a filter lets pass, and says of which range that is all', async () => {
  await write(20, 'orders-db')
  await write(20, 'users-db')
  open(settingsOf({ filter: { kinds: ['catalog.*'], resources: ['users-db'] } }))
  await until(() => receiver.entries.size === 21 && state().lagEntries === 0)
  const [batch] = receiver.batches
  expect(batch).toMatchObject({ from: 0, count: 21 })
  expect(batch!.to).toBeGreaterThanOrEqual(42)
  expect([...receiver.entries.keys()][0]).toBe('test.example/trail/one/21')
  // The cursor passes what is left out, without sending that there is nothing.
  await write(20, 'orders-db')
  await trail.publish()
  await until(() => state().lagEntries === 0 && state().cursor >= 63)
  await write(0, 'users-db')
  await trail.publish()
  await until(() => receiver.entries.size === 22)
  expect(receiver.batches).toHaveLength(2)
  expect(receiver.batches[1]).toMatchObject({ from: batch!.to, count: 1 })
})

it('begins with the next entry where it should, and keeps that place', async () => {
  await write(30)
  await trail.publish()
  receiver.trouble.push(503)
  open(settingsOf({ from: 'now' }))
  await until(() => state().cursor > 0)
  await write(5)
  await trail.publish()
  await until(() => state().lagEntries === 0 && receiver.entries.size > 5)
  expect(Number([...receiver.entries.keys()][0]!.split('/').at(-1))).toBe(31)
})

describe('an entry that is refused for what it says', () => {
  const POISON = 17
  const isPoisoned = ({ events }: TakenBatch) => events.has(`test.example/trail/one/${POISON}`)

  beforeEach(async () => {
    await write(40)
    receiver.judge = (batch) => (isPoisoned(batch) ? 422 : undefined)
    open(settingsOf())
    await until(() => state().state === 'stuck')
  })

  it('is found among the others, which are sent up to it, and is told once', async () => {
    expect(state()).toMatchObject({
      refused: POISON,
      cursor: POISON,
      delivered: POISON,
      lastError: { code: 'GS_EXPORTS_REFUSED', status: 422 },
    })
    await sleep(400)
    expect((await kinds()).filter((kind) => kind === 'export.stuck')).toHaveLength(1)
    expect([...exportFindings(exporting)]).toMatchObject([
      { level: 'fail', found: expect.stringContaining('entry 17'), next: expect.stringContaining('skip siem 17') },
    ])
  })

  it('is sent once the receiver takes it', async () => {
    receiver.judge = () => undefined
    await isWhole()
    expect(state()).toMatchObject({ state: 'running' })
  })

  it('is left out by an operator alone, recorded, and told to the receiver', async () => {
    await expect(exporting.skip('siem', POISON + 1, 'ada')).rejects.toMatchObject({ code: 'GS_EXPORTS_NOT_REFUSED' })
    await exporting.skip('siem', POISON, 'ada')
    await until(() => state().state === 'running')
    const log = await published()
    await until(() => receiver.entries.size === log.length - 1)
    expect(receiver.digest()).toBe(digestOf(log.filter((_, place) => place !== POISON)))
    expect(receiver.notices).toMatchObject([{ notice: 'gap', gap: { from: POISON, to: POISON + 1, why: 'skipped' } }])
    const skipped = (await house.entries()).find(({ kind }) => kind === 'export.skipped')
    expect(skipped?.fields).toEqual({ export: 'siem', entry: POISON, by: 'ada' })
  })
})

it('sends less at once to whoever takes no more, without being stuck', async () => {
  await write(300)
  receiver.judge = ({ count }) => (count > 60 ? 413 : undefined)
  open(settingsOf())
  await isWhole()
  expect(Math.max(...receiver.batches.map(({ count }) => count))).toBeLessThanOrEqual(60)
  expect(await kinds()).not.toContain('export.stuck')
})

it('counts what a collector rejects as refused', async () => {
  await receiver.close()
  receiver = await startExportReceiver({ kind: 'otlp' })
  await write(3)
  receiver.judge = () => ({ status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"1"}}' })
  open(settingsOf({ kind: 'otlp' }))
  await until(() => state().state === 'stuck')
  expect(state()).toMatchObject({ refused: 0, delivered: 0 })
  receiver.judge = () => undefined
  await isWhole()
})

it('goes back, so that the receiver gets it once more', async () => {
  await write(30)
  open(settingsOf())
  await isWhole()
  await expect(exporting.rewind('siem', 10_000, 'ada')).rejects.toMatchObject({ code: 'GS_EXPORTS_POSITION' })
  await expect(exporting.rewind('other', 0, 'ada')).rejects.toMatchObject({ code: 'GS_EXPORTS_UNKNOWN' })
  await exporting.rewind('siem', 5, 'ada')
  await isWhole()
  expect(receiver.doubles).toBeGreaterThanOrEqual(26)
  expect(await kinds()).toContain('export.rewound')
})

it('waits as long as it is asked to', async () => {
  await write(3)
  receiver.trouble.push({ status: 429, headers: { 'retry-after': '1' } })
  const began = performance.now()
  open(settingsOf())
  await isWhole()
  expect(performance.now() - began).toBeGreaterThan(1_000)
})

it('is not held by whoever says nothing, or lets an answer trickle', async () => {
  await write(3)
  receiver.trouble.push('silence', 'drip')
  open(settingsOf())
  await until(() => state().lastError?.code === 'GS_EXPORTS_SILENT')
  await isWhole()
})

it('sends nothing to whoever it cannot verify, and verifies with the CA that it is given', async () => {
  await receiver.close()
  const { ca, server } = await issueTestCertificates()
  receiver = await startExportReceiver({ kind: 'webhook', tls: server })
  await write(3)
  open(settingsOf())
  await until(() => state().failed > 2)
  expect(state()).toMatchObject({ state: 'failing', lastError: { code: 'GS_EXPORTS_TLS' } })
  expect(receiver.calls).toBe(0)
  environment.CA = ca
  await exporting.use([settingsOf({ ca: { from: 'env', name: 'CA' } })])
  await isWhole()
  expect(await exporting.test('siem', 'ada')).toMatchObject({ taken: true, tls: 'TLSv1.3', status: 200 })
})

it('says that a secret is missing, and not what it is', async () => {
  await write(3)
  open(settingsOf({ headers: { authorization: { from: 'env', name: 'NOT_SET' } } }))
  await until(() => state().failed > 1)
  expect(state()).toMatchObject({ state: 'failing', lastError: { code: 'GS_SECRET_UNREADABLE' } })
  expect(await exporting.test('siem', 'ada')).toMatchObject({ taken: false, error: { code: 'GS_SECRET_UNREADABLE' } })
  expect(receiver.calls).toBe(0)
})

it('records that nothing is taken once, however long it lasts, and that it is over', async () => {
  await write(3)
  receiver.judge = () => 503
  open(settingsOf())
  await until(() => state().failed > 12)
  const told = (await kinds()).filter((kind) => kind.startsWith('export.'))
  expect(told).toEqual(['export.begun', 'export.failing'])
  expect([...exportFindings(exporting)]).toMatchObject([{ level: 'fail', found: expect.stringContaining('status 503') }])
  receiver.judge = () => undefined
  await isWhole()
  expect((await kinds()).filter((kind) => kind.startsWith('export.'))).toEqual([...told, 'export.recovered'])
  expect([...exportFindings(exporting)]).toMatchObject([{ level: 'ok' }])
})

it.each(['a restart', 'other settings'])('says that it is over when it is, and for how long it was, across %s', async (what) => {
  await write(3)
  receiver.judge = () => 503
  open(settingsOf())
  await until(() => state().failed > 12)
  await sleep(1_000)
  const { failed } = state()
  if (what === 'a restart') {
    await exporting.close()
    open(settingsOf())
  } else await exporting.use([settingsOf({ filter: { kinds: ['catalog.*', 'export.*'] } })])
  // What was told is not told again.
  await until(() => state().failed > (what === 'a restart' ? 12 : failed + 12))
  receiver.judge = () => undefined
  await until(() => state().state === 'running' && state().lagEntries === 0)
  const told = async () => (await house.entries()).filter(({ kind }) => kind.startsWith('export.'))
  expect((await told()).map(({ kind }) => kind)).toEqual(['export.begun', 'export.failing', 'export.recovered'])
  expect((await told()).at(-1)?.fields.seconds).toBeGreaterThanOrEqual(1)
  await exporting.close()
  open(settingsOf())
  await write(1)
  await until(() => state().delivered > 0 && state().lagEntries === 0)
  expect(await told()).toHaveLength(3)
})

it('counts on under its name, whatever its settings are', async () => {
  await write(30)
  receiver.trouble.push(503)
  open(settingsOf())
  await isWhole()
  const before = state()
  expect(before.failed).toBe(1)
  await exporting.use([settingsOf({ filter: { kinds: ['catalog.*'] } })])
  expect(state()).toMatchObject({ delivered: before.delivered, failed: 1 })
  await exporting.use([])
  await exporting.use([settingsOf()])
  await write(10)
  await isWhole()
  expect(state().delivered).toBeGreaterThanOrEqual(before.delivered + 11)
  expect(state().failed).toBe(1)
})

it('tells what retention took before it was sent', async () => {
  await write(600)
  await trail.publish()
  await trail.prune(everythingBelow(512), { kind: 'pruned', fields: {} }, () => undefined)
  open(settingsOf())
  await until(() => state().lagEntries === 0 && receiver.entries.size > 0)
  expect(receiver.notices).toMatchObject([{ notice: 'gap', gap: { from: 0, to: 512, why: 'pruned' } }])
  expect([...receiver.entries.keys()][0]).toBe('test.example/trail/one/512')
})

it('tells that another log was set aside, and begins the new one at its beginning', async () => {
  const cursors = openExportCursors(house.folder)
  cursors.put({ export: 'siem', log: 'test.example/trail/zero', from: 7, at: 9, context: 0, gaps: [] })
  cursors.close()
  await write(3)
  open(settingsOf({ from: 'now' }))
  await isWhole()
  expect(receiver.notices).toMatchObject([{ notice: 'gap', gap: { log: 'test.example/trail/zero', from: 9, why: 'set-aside' } }])
  const begun = (await house.entries()).find(({ kind }) => kind === 'export.begun')
  expect(begun?.fields).toEqual({ export: 'siem', from: 0, left: { log: 'test.example/trail/zero', at: 9 } })
})

it('sends nothing of a log that is not the one it has sent, until somebody says from where', async () => {
  await write(30)
  open(settingsOf())
  await isWhole()
  await exporting.close()
  const cursors = openExportCursors(house.folder)
  const [name, log] = ['siem', 'test.example/trail/one']
  cursors.put({ ...cursors.find(name, log)!, leaf: '00'.repeat(32) })
  cursors.close()
  const { calls } = receiver
  open(settingsOf())
  await until(() => state().lastError?.code === 'GS_EXPORTS_OTHER_LOG')
  expect(receiver.calls).toBe(calls)
  await exporting.rewind('siem', 0, 'ada')
  await isWhole()
  await exporting.close()
  const ahead = openExportCursors(house.folder)
  ahead.put({ export: name, log, from: 9_000, at: 9_000, context: 0, gaps: [] })
  ahead.close()
  open(settingsOf())
  await until(() => state().lastError?.code === 'GS_EXPORTS_OTHER_LOG')
  expect(state()).toMatchObject({ state: 'failing', cursor: 9_000 })
})

it('goes on with whoever refuses to hear what is missing', async () => {
  await write(600)
  await trail.publish()
  await trail.prune(everythingBelow(512), { kind: 'pruned', fields: {} }, () => undefined)
  receiver.judge = ({ count }) => (count === 0 ? 400 : undefined)
  open(settingsOf())
  await until(() => state().lagEntries === 0 && receiver.entries.size > 80)
  expect(receiver.notices).toEqual([])
  expect(state()).toMatchObject({ state: 'running' })
})
