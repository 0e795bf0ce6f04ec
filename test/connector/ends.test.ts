import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readTrail } from '../parts/recorded.ts'
import { shown } from '../parts/soak.ts'
import type { RunningConnector } from './connector-process.ts'
import { expectUnreachable, isOnOwnNetwork, needsOwnNetwork } from './own-network.ts'
import { account, verifyOffline } from './proof.ts'
import { type Ending, startWork, type Work } from './work.ts'
import { DATABASE, ROLE, startWorld, type World } from './world.ts'

/** What the issue of a dead link is held against: until new sessions work, ms. */
const WORKS_AGAIN_MS = 5_000
/** A link that says nothing for 4 s is dead, and is looked at every second; then its sessions end. ms */
const NOTICED_MS = 6_000
const CLIENTS = 8

let world: World
let connectors: RunningConnector[] = []
const works: { readonly mark: string; readonly work: Work }[] = []

beforeEach(needsOwnNetwork)
beforeAll(async () => {
  if (!isOnOwnNetwork()) return
  world = await startWorld()
  await world.targets.query(`CREATE TABLE work (name text PRIMARY KEY, n int); ALTER TABLE work OWNER TO ${ROLE}`, DATABASE)
  await expectUnreachable(world.gateway.pid, world.places)
})
afterEach(async () => {
  if (connectors.length === 0) return
  for (const connector of connectors) await connector.remove()
  connectors = []
  await world?.linksUp(0)
})
afterAll(() => world?.remove())

async function connect(): Promise<RunningConnector> {
  const connector = await world.connector()
  connectors.push(connector)
  return connector
}

async function begin(mark: string, clients = CLIENTS): Promise<Work> {
  const work = await startWork(world, { clients, mark })
  works.push({ mark, work })
  await work.all(5_000)
  return work
}

/** @returns what the trail and the table hold of it, with what it saw */
async function settle(work: Work, mark: string): Promise<Record<string, number>> {
  await work.stop()
  const numbers = {
    ...(await account(world, mark, work.acknowledged)),
    endings: work.endings.length,
    'slowest answer ms': Math.round(work.slowest),
  }
  shown(`test/connector/ends.test.ts ${mark}`, numbers)
  return numbers
}

/** The protocol's own words: an error with a SQLSTATE about connections or an end, never a connection that just broke. */
function expectClean(endings: readonly Ending[]): void {
  expect(endings.filter(({ code }) => !/^(08|57P)/.test(code ?? ''))).toEqual([])
}

/** Sessions that had begun and were ended, as against log-ins that were refused. */
const cutOff = ({ endings }: Work) => endings.filter(({ atLogin }) => !atLogin)

describe('a connector that is killed', () => {
  it('ends its sessions in the words of the protocol; once it is there again new ones work', async () => {
    const connector = await connect()
    const work = await begin('killed')
    await sleep(500)
    const killed = performance.now()
    await connector.kill9()
    await world.linksUp(0)
    while (work.open() > 0) await sleep(10)
    const ended = performance.now() - killed
    expect(cutOff(work)).toHaveLength(CLIENTS)
    await sleep(500)
    const again = performance.now()
    connectors.push(await connector.again())
    await work.all(WORKS_AGAIN_MS)
    const worksAgain = performance.now() - again
    await sleep(300)
    expectClean(work.endings)
    const numbers = await settle(work, 'killed')
    expect(numbers.acknowledged).toBeGreaterThan(100)
    expect(ended).toBeLessThan(NOTICED_MS)
    shown('test/connector/ends.test.ts killed', {
      'sessions ended after ms': Math.round(ended),
      'new sessions work after ms': Math.round(worksAgain),
    })
  })

  it('leaves the sessions of another one alone, and what is new goes there at once', async () => {
    const [first] = [await connect(), await connect()]
    const work = await begin('failover', 2 * CLIENTS)
    const streams = (await world.gateway.operator.connectors()).flatMap(({ links }) => links.map((link) => link.streams))
    // Both carry some: else this shows nothing.
    expect(streams.filter((count) => count > 0)).toHaveLength(2)
    await first.kill9()
    await work.all(WORKS_AGAIN_MS)
    expectClean(work.endings)
    const cut = cutOff(work).length
    expect(cut).toBeGreaterThan(0)
    expect(cut).toBeLessThan(2 * CLIENTS)
    await settle(work, 'failover')
  })
})

describe('a link', () => {
  it('that is cut for longer than it lives ends its sessions; healed, new ones work', async () => {
    const connector = await connect()
    const work = await begin('cut')
    connector.host.cut('outside')
    const cut = performance.now()
    await sleep(6_000)
    connector.host.heal('outside')
    const worksAgain = await work.all(WORKS_AGAIN_MS)
    expectClean(work.endings)
    expect(cutOff(work)).toHaveLength(CLIENTS)
    for (const { at } of cutOff(work)) expect(at - cut).toBeLessThan(NOTICED_MS)
    await settle(work, 'cut')
    shown('test/connector/ends.test.ts cut', { 'new sessions work after ms': Math.round(worksAgain) })
  })

  it('between a connector and its target that is cut and healed holds sessions up, as TCP does, and loses none', async () => {
    await connect()
    const work = await begin('beyond')
    world.target.cut('private')
    await sleep(4_000)
    world.target.heal('private')
    const healed = performance.now()
    const job = await world.gateway.credential()
    const client = new Client(world.clientOf(job))
    await client.connect()
    await client.query('SELECT 1')
    expect(performance.now() - healed).toBeLessThan(WORKS_AGAIN_MS)
    await client.end()
    // Each waits for the next time that its TCP sends again what was lost.
    await work.all(10_000)
    expect(work.endings).toEqual([])
    await settle(work, 'beyond')
  })

  it('that is cut for a moment keeps its sessions', async () => {
    const connector = await connect()
    const work = await begin('moment')
    connector.host.cut('outside')
    await sleep(1_500)
    connector.host.heal('outside')
    await work.all(WORKS_AGAIN_MS)
    expect(work.endings).toEqual([])
    await settle(work, 'moment')
  })

  it.each([10, 20])('that loses %i per cent of the packets loses no session silently, and nothing of the trail', async (percent) => {
    const connector = await connect()
    const mark = `lossy${percent}`
    const work = await begin(mark)
    const before = work.acknowledged.length
    connector.host.lose('outside', percent)
    await sleep(4_000)
    const during = work.acknowledged.length - before
    connector.host.heal('outside')
    await work.all(WORKS_AGAIN_MS)
    expectClean(work.endings)
    expect(during).toBeGreaterThan(0)
    await settle(work, mark)
    shown(`test/connector/ends.test.ts ${mark}`, { 'acknowledged meanwhile': during })
  })
})

describe('a connector that is told to end', () => {
  it('lets its sessions finish, while new ones go to another, and is gone with the last', async () => {
    const first = await connect()
    const old = await begin('drained')
    await connect()
    const drained = first.drain()
    // Nothing new is handed to it from here on.
    await sleep(300)
    const young = await begin('afterwards')
    await sleep(1_500)
    expect(old.endings).toEqual([])
    expect(old.open()).toBe(CLIENTS)
    await old.stop()
    expect(await drained).toBe(0)
    expect(young.endings).toEqual([])
    await young.all(WORKS_AGAIN_MS)
    await settle(old, 'drained')
    await settle(young, 'afterwards')
    expect(young.endings).toEqual([])
  })

  it('is replaced under the same key without cutting a session', async () => {
    const first = await connect()
    const old = await begin('upgraded')
    const second = await first.again()
    connectors.push(second)
    await world.linksUp(2)
    const drained = first.drain()
    await sleep(300)
    const young = await begin('upgrade')
    await old.stop()
    expect(await drained).toBe(0)
    await young.all(WORKS_AGAIN_MS)
    expect([...old.endings, ...young.endings]).toEqual([])
    await settle(old, 'upgraded')
    await settle(young, 'upgrade')
  })
})

describe('a connector that hangs', () => {
  it('is left within seconds: its sessions end, and new ones work through another', async () => {
    const [first] = [await connect(), await connect()]
    const work = await begin('frozen', 2 * CLIENTS)
    first.freeze()
    const frozen = performance.now()
    // One more, which may be handed to the one that hangs.
    const client = new Client(world.clientOf(await world.gateway.credential()))
    client.on('error', () => undefined)
    await work.all(NOTICED_MS + WORKS_AGAIN_MS)
    await client.connect().then(() => client.end())
    for (const { at } of cutOff(work)) expect(at - frozen).toBeLessThan(NOTICED_MS)
    expect(cutOff(work).length).toBeGreaterThan(0)
    expectClean(work.endings)
    first.thaw()
    await world.linksUp(2)
    await settle(work, 'frozen')
  })
})

describe('the whole log of all this', () => {
  it('tells of every stream how it began and ended, and stands up to the verifier', async () => {
    const entries = await readTrail(world.gateway.operator)
    const of = (kind: string) => entries.filter((entry) => entry.kind === kind).map(({ fields }) => fields)
    const sessions = new Set(of('session.open').map(({ session }) => session))
    const streams = of('connector.stream')
    expect(streams.length).toBeGreaterThan(works.reduce((sum, { work }) => sum + work.opened.length, 0))
    // The gateway's own, which reads catalogues, have none.
    expect(streams.filter(({ resource, session }) => resource !== 'orders' || (session !== undefined && !sessions.has(session)))).toEqual(
      [],
    )
    expect(
      of('connector.stream.end')
        .map(({ stream }) => stream)
        .sort(),
    ).toEqual(streams.map(({ stream }) => stream).sort())
    // Each link that came up went down, and says why.
    const down = of('connector.down')
    expect(down.map(({ tunnel }) => tunnel).sort()).toEqual(
      of('connector.up')
        .map(({ tunnel }) => tunnel)
        .sort(),
    )
    const whys = Object.groupBy(down, ({ why }) => String(why))
    const acknowledged = works.reduce((sum, { work }) => sum + work.acknowledged.length, 0)
    shown('test/connector/ends.test.ts', {
      'rows acknowledged in all': acknowledged,
      streams: streams.length,
      ...Object.fromEntries(Object.entries(whys).map(([why, some]) => [`links down: ${why}`, some?.length ?? 0])),
    })
    expect(await verifyOffline(world)).toMatch(/semantic/)
  })
})
