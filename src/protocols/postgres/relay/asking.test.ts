import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { type AskRequest, type RelayControls, startRelay } from '../../../../test/parts/postgres-relay.ts'
import {
  connectRaw,
  errorIn,
  firstColumn,
  type RawPostgres,
  sendRawCancel,
  transactionStatus,
  types,
} from '../../../../test/parts/raw-postgres.ts'
import { type Grant, Refusal } from '../../../operations/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import * as build from '../wire/build.ts'
import { readErrorFields } from '../wire/error-response.ts'

const GRANT: Grant = { id: 'apr_1', digest: 'sha256:1', usableUntil: Number.MAX_SAFE_INTEGER }

let postgres: RunningPostgres
let controls: RelayControls
let raw: RawPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())
beforeEach(async () => {
  controls = await startRelay(postgres)
  controls.asks = /asked/
  raw = await connectRaw(controls.port)
})
afterEach(async () => {
  raw.socket.destroy()
  await controls.close()
})

/** The request that is made next. */
async function request(): Promise<AskRequest> {
  await expect.poll(() => controls.requests.at(-1)).toBeDefined()
  return controls.requests.at(-1)!
}
const partsOf = ({ effective }: AskRequest) => effective.parts.map(({ label, content }) => [label, Buffer.from(content).toString()])

it('tells the client at once where its statement can be approved, holds it, and runs it once it is', async () => {
  raw.send(build.query("SELECT 'asked'"))
  const notice = readErrorFields((await raw.untilType('N')).at(-1)!.body)!
  expect(notice.get('M')).toContain('https://gw.example.org/approvals/apr_1')
  expect(notice.get('V')).toBe('NOTICE')
  await sleep(50)
  expect(controls.seen).toEqual([])
  const asked = await request()
  expect(asked.effective).toMatchObject({ protocol: 'postgres', database: 'postgres', stream: false })
  expect(asked.effective.session).toMatchObject({ current_user: 'postgres', client_encoding: 'UTF8', standard_conforming_strings: 'on' })
  expect(partsOf(asked)).toEqual([['statement', "SELECT 'asked'"]])
  asked.answer(GRANT)
  const answers = await raw.until()
  expect(types(answers)).toBe('TDCZ')
  expect(asked.again).toEqual(asked.effective)
  expect(controls.seen.map(({ text, outcome }) => [text, outcome?.status])).toEqual([["SELECT 'asked'", 'completed']])
})

it('says why it may not run, and the session goes on', async () => {
  raw.send(build.query("SELECT 'asked'"), build.query('SELECT 1'))
  ;(await request()).answer(new Refusal('GS_APPROVAL_DENIED'))
  const [first, second] = [await raw.until(), await raw.until()]
  expect(errorIn(first).get('C')).toBe('42501')
  expect(errorIn(first).get('D')).toContain('GS_APPROVAL_DENIED')
  expect(firstColumn(second)).toEqual(['1'])
})

it('lets a statement be prepared and described without asking, and asks when it is bound', async () => {
  raw.send(build.parse('s', "SELECT 'asked' || $1::text"), build.describe('S', 's'), build.sync())
  expect(types(await raw.until())).toBe('1tTZ')
  expect(controls.requests).toEqual([])
  raw.send(build.bind('', 's', ['x']), build.execute(''), build.sync())
  const asked = await request()
  expect(partsOf(asked).map(([label]) => label)).toEqual(['statement', 'parameters'])
  asked.answer(GRANT)
  expect(firstColumn(await raw.until())).toEqual(['askedx'])
})

it('is the same whether it was prepared before or comes with its Parse, and holds no lock meanwhile', async () => {
  raw.send(build.query('CREATE TABLE IF NOT EXISTS locked (a text)'))
  await raw.until()
  const text = "DELETE FROM locked WHERE a = 'asked'"
  raw.send(build.parse('s', text), build.bind('', 's'), build.execute(''), build.sync())
  const first = await request()
  expect(await postgres.query("SELECT 1 FROM pg_locks WHERE relation = 'locked'::regclass")).toEqual([])
  expect(controls.seen).toHaveLength(1)
  first.answer(new Refusal('GS_APPROVAL_PENDING'))
  const answers = await raw.until()
  expect(types(answers).replace('N', '')).toBe('1EZ')
  expect(errorIn(answers).get('H')).toMatch(/^Wait, then run the same/)
  raw.send(build.bind('', 's'), build.execute(''), build.sync())
  await expect.poll(() => controls.requests.length).toBe(2)
  expect(controls.requests[1]!.effective).toEqual(first.effective)
  controls.requests[1]!.answer(GRANT)
  expect(types(await raw.until()).replace('N', '')).toBe('2CZ')
})

it('shows which types its Parse gives parameters by their numbers', async () => {
  const typed = Buffer.concat([Buffer.from("\0SELECT 'asked', $1\0"), Buffer.from([0, 1, 0, 0, 0, 23])])
  raw.send(build.message('P'.charCodeAt(0), typed), build.bind('', '', ['7']), build.execute(''), build.sync())
  const asked = await request()
  expect(asked.effective.parts.map(({ detail }) => detail?.types)).toContain('23')
  asked.answer(GRANT)
  expect(firstColumn(await raw.until())).toEqual(['asked'])
})

it('asks once for everything before one Sync, and what is not asked for waits with it in its place', async () => {
  raw.send(build.query('CREATE TABLE together (a text)'))
  await raw.until()
  const run = (text: string) => [build.parse('', text), build.bind('', ''), build.execute('')]
  raw.send(
    ...run("INSERT INTO together VALUES ('first')"),
    ...run("INSERT INTO together VALUES ('asked 1')"),
    ...run("INSERT INTO together VALUES ('between')"),
    ...run("INSERT INTO together VALUES ('asked 2')"),
    build.sync(),
  )
  const asked = await request()
  expect(asked.texts.map((text) => /'(.*)'/.exec(text)![1])).toEqual(['asked 1', 'between', 'asked 2'])
  expect(controls.seen.map(({ text }) => text).filter((text) => text.includes('asked'))).toEqual([])
  asked.answer(GRANT)
  expect(types(await raw.until()).replaceAll('N', '')).toBe('12C12C12C12CZ')
  raw.send(build.query('TABLE together'))
  expect(firstColumn(await raw.until())).toEqual(['first', 'asked 1', 'between', 'asked 2'])
  expect(controls.requests).toHaveLength(1)
})

it('runs nothing of a group that is not approved', async () => {
  raw.send(build.query('CREATE TABLE IF NOT EXISTS whole (a text)'))
  await raw.until()
  raw.send(build.parse('', "INSERT INTO whole VALUES ('before')"), build.bind('', ''), build.execute(''))
  raw.send(build.parse('', "INSERT INTO whole VALUES ('asked')"), build.bind('', ''), build.execute(''), build.sync())
  ;(await request()).answer(new Refusal('GS_APPROVAL_DENIED'))
  const answers = await raw.until()
  expect(errorIn(answers).get('D')).toContain('GS_APPROVAL_DENIED')
  raw.send(build.query('SELECT count(*) FROM whole'))
  expect(firstColumn(await raw.until())).toEqual(['0'])
})

it.each([0, 1, 7, 64])('reads the same however the bytes are cut (%i)', async (size) => {
  const bytes = Buffer.concat([
    build.parse('', "SELECT 'asked 1'"),
    build.bind('', ''),
    build.execute(''),
    build.parse('', "SELECT 'asked 2'"),
    build.bind('', ''),
    build.execute(''),
    build.sync(),
  ])
  for (let at = 0; at < bytes.length; at += size || bytes.length) {
    raw.socket.write(bytes.subarray(at, at + (size || bytes.length)))
    if (size) await sleep(1)
  }
  const asked = await request()
  expect(asked.texts.filter((text) => text.includes('2'))).not.toEqual([])
  asked.answer(GRANT)
  expect(firstColumn(await raw.until())).toEqual(['asked 1', 'asked 2'])
})

it('is withdrawn by a cancel, with the words of a server, and what comes behind it runs', async () => {
  raw.send(build.query("SELECT 'asked'"))
  const asked = await request()
  await raw.untilType('N')
  await sendRawCancel(controls.port, raw.processId, raw.key)
  const answers = await raw.until()
  expect(errorIn(answers).get('C')).toBe('57014')
  expect(asked.left).toBe('cancelled')
  asked.answer(GRANT)
  raw.send(build.query('SELECT 1'))
  expect(firstColumn(await raw.until())).toEqual(['1'])
  expect(controls.seen.map(({ text, refused }) => [text, refused])).toEqual([
    ["SELECT 'asked'", true],
    ['SELECT 1', false],
  ])
})

it('is withdrawn where its client goes away', async () => {
  raw.send(build.query("SELECT 'asked'"))
  const asked = await request()
  raw.socket.destroy()
  await expect.poll(() => asked.left).toBe('disconnected')
  expect(controls.seen).toEqual([])
})

it('is withdrawn where its session is ended', async () => {
  raw.send(build.query("SELECT 'asked'"))
  const asked = await request()
  controls.sessions[0]!.stop.abort(new Refusal('GS_RUN_ENDED'))
  expect(errorIn(await raw.untilClosed()).get('C')).toBe('57P01')
  expect(asked.left).toBe('session-ended')
})

it('becomes a ticket when it has waited for long enough, or the gateway stops', async () => {
  controls.hold = 60
  raw.send(build.query("SELECT 'asked'"))
  const asked = await request()
  const answers = await raw.until()
  expect(errorIn(answers).get('D')).toContain('GS_APPROVAL_PENDING')
  expect(asked.isTicket).toBe(true)
  controls.hold = 60_000
  raw.send(build.query("SELECT 'asked again'"))
  await expect.poll(() => controls.requests.length).toBe(2)
  controls.sessions[0]!.drain.abort()
  expect(errorIn(await raw.until()).get('D')).toContain('GS_APPROVAL_PENDING')
})

it('waits for five seconds at most within a transaction, and says that all of it has to be repeated', { timeout: 20_000 }, async () => {
  raw.send(build.query('BEGIN'))
  await raw.until()
  const began = performance.now()
  raw.send(build.query("SELECT 'asked'"))
  const answers = await raw.until()
  expect(performance.now() - began).toBeGreaterThan(4_500)
  expect(performance.now() - began).toBeLessThan(9_000)
  expect(errorIn(answers).get('H')).toContain('repeat it from BEGIN')
  expect(transactionStatus(answers)).toBe('E')
})

it('waits no longer behind what waits for the same Sync, and says that that is undone', { timeout: 20_000 }, async () => {
  raw.send(build.parse('s', "SELECT 'asked'"), build.describe('S', 's'), build.flush())
  await raw.untilType('T')
  const began = performance.now()
  raw.send(build.bind('', 's'), build.execute(''), build.sync())
  const answers = await raw.until()
  expect(performance.now() - began).toBeLessThan(9_000)
  expect(errorIn(answers).get('D')).toContain('GS_APPROVAL_PENDING')
  expect(errorIn(answers).get('H')).toMatch(/^What was sent together with it is rolled back too\. Wait, then run the same/)
  expect(transactionStatus(answers)).toBe('I')
})

it('asks nobody for what the server skips', async () => {
  raw.send(build.parse('', 'SELECT 1/0'), build.bind('', ''), build.execute(''))
  raw.send(build.parse('', "SELECT 'asked'"), build.bind('', ''), build.execute(''), build.sync())
  const answers = await raw.until()
  expect(errorIn(answers).get('C')).toBe('22012')
  expect(controls.requests).toEqual([])
})

it('asks nobody in a transaction that has failed', async () => {
  raw.send(build.query('BEGIN; SELECT 1/0'))
  await raw.until()
  raw.send(build.query("SELECT 'asked'"))
  const answers = await raw.until()
  expect(errorIn(answers).get('D')).toContain('GS_APPROVAL_VOID')
  expect(transactionStatus(answers)).toBe('E')
  expect(controls.requests).toEqual([])
})

it('shows the texts that are run by name', async () => {
  const statement: StatementFacts = { effects: [], sql: {}, transitions: [], executes: 'named' }
  controls.reads = (text) => (text.startsWith('EXECUTE') ? { facts: { effects: [] }, statements: [statement] } : undefined)
  controls.asks = /EXECUTE/
  raw.send(build.query('PREPARE named AS SELECT 41 + $1'))
  await raw.until()
  raw.send(build.query('EXECUTE named(1)'))
  const asked = await request()
  expect(asked.effective.parts.at(-1)).toMatchObject({ label: 'prepared statement', detail: { name: 'named' } })
  expect(partsOf(asked).at(-1)![1]).toContain('SELECT 41 + $1')
  asked.answer(GRANT)
  expect(firstColumn(await raw.until())).toEqual(['42'])
})

it('is void where the text means something else by then', async () => {
  raw.send(build.query("SELECT 'asked'"))
  const asked = await request()
  controls.newEpoch()
  controls.reads = () => ({ facts: { effects: [{ class: 'opaque', action: 'function' }] }, statements: [] })
  asked.answer(GRANT)
  expect(errorIn(await raw.until()).get('D')).toContain('GS_APPROVAL_VOID')
  expect(asked.left).toBe('changed')
})

it('runs where others changed something, and the text means the same', async () => {
  raw.send(build.parse('s', "SELECT 'asked' || $1::text"), build.bind('', 's', ['x']), build.execute(''), build.sync())
  const asked = await request()
  controls.newEpoch()
  asked.answer(GRANT)
  expect(firstColumn(await raw.until())).toEqual(['askedx'])
})

it('passes what the server says meanwhile', async () => {
  raw.send(build.query('LISTEN news'))
  await raw.until()
  raw.send(build.query("SELECT 'asked'"))
  const asked = await request()
  await raw.untilType('N')
  await postgres.query("NOTIFY news, 'x'")
  expect(types(await raw.untilType('A'))).toBe('A')
  asked.answer(GRANT)
  expect(types(await raw.until())).toBe('TDCZ')
})

it('waits for nobody who sends so much behind it that it cannot be seen whether he is still there', async () => {
  raw.send(build.query("SELECT 'asked'"))
  const asked = await request()
  const more = build.query(`SELECT '${'x'.repeat(1000)}'`)
  for (let sent = 0; sent < 500; sent += 1) raw.socket.write(more)
  await sleep(100)
  expect([asked.isTicket, asked.left]).toEqual([false, undefined])
  for (let sent = 0; sent < 1_500; sent += 1) raw.socket.write(more)
  await expect.poll(() => asked.isTicket).toBe(true)
  expect(firstColumn(await raw.until(2_001))).toHaveLength(2_000)
})
