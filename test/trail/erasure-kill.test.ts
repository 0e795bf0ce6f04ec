import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import type { EntryAnswer, EraseRequest } from '../../src/api/local/index.ts'
import { verify } from '../../src/verify/main.ts'
import { trustKeys } from '../../src/verify/policy.ts'
import type { RunningGateway } from '../parts/gateway.ts'
import { readTrail } from '../parts/recorded.ts'
import { seeded } from '../parts/seeded.ts'
import { openShop, type Shop } from '../parts/shop.ts'
import { patience, rounds, seedOr, shown } from '../parts/soak.ts'
import { erasureUnderWay, occurring, remainsOf } from './remains.ts'

const SEED = seedOr(20_261_127)
const KILLS = 8
/** A fresh gateway after so many: the whole trail is read and verified after each. */
const KILLS_PER_SHOP = 25
const STATEMENTS = 4
const BIN = join(import.meta.dirname, '../../bin')

/** A run that is over. */
interface Told {
  readonly run: string
  /** Stands in every statement of it, and in nobody else's. */
  readonly mark: string
}

interface Victim {
  readonly scope: EraseRequest['scope']
  readonly runs: readonly Told[]
  /** Must stand in no file once it is erased. */
  readonly remains: readonly (Buffer | string)[]
}

it(`finishes an erasure that was killed at the next start, and takes nothing else (seed ${SEED})`, {
  timeout: patience(180_000),
}, async () => {
  const random = seeded(SEED)
  const total = {
    kills: 0,
    'before it was recorded': 0,
    'under way': 0,
    'after it was done': 0,
    'starts that were killed too': 0,
    'persons erased': 0,
    'runs erased': 0,
    'pieces of payloads and keys looked for': 0,
    'found after all': 0,
    'payloads of others lost': 0,
  }
  let shop: Shop | undefined
  let kept: Told[] = []
  /** What the one before left, when nothing moves any more. */
  let before: Victim['remains'] = []
  /** As the last one took that nobody killed. */
  let erasureMs = 300
  try {
    for (const kill of rounds(KILLS)) {
      if (kill % KILLS_PER_SHOP === 0) {
        await expectSound(shop, before)
        await shop?.close()
        shop = await openShop()
        kept = []
        before = []
      }
      const house = shop as Shop
      const { data, operator } = house.gateway
      const vkey = await keyOf(house)
      const isPerson = random() < 0.5
      const { victim, neighbour } = await record(house, isPerson)
      kept.push(neighbour)
      const { remains, scope, runs } = victim
      expect(occurring(data, remains), 'what can be found before it is erased').toBe(remains.length)

      const asked = { scope, reason: 'request 17', dryRun: false }
      const erasing = operator.erase(asked).catch(() => undefined)
      // It is looked for in the log first, which anybody may interrupt.
      await sleep((0.2 + random()) * erasureMs)
      await house.gateway.kill9()
      await erasing
      total.kills++
      expect(occurring(data, before), `what was erased before kill ${kill}, in files at rest`).toBe(0)
      before = remains
      const state = erasureUnderWay(data)
      // As it lies there, for whoever copied it at this moment.
      const report = verify(join(data, 'trail/log'), { trust: trustKeys([vkey]) })
      expect(report.exit, report.print(false)).toBe(0)
      if (random() < 0.4) {
        total['starts that were killed too']++
        await killedStart(house.gateway, random() * house.gateway.readyMs)
      }

      house.gateway = await house.gateway.again()
      expect(erasureUnderWay(data), 'what a gateway with open doors has still to do').toBe('none')
      let entries = await readTrail(house.gateway.operator)
      const isRecorded = entries.some(({ kind, fields }) => kind === 'erased' && isOf(fields, scope))
      total[!isRecorded ? 'before it was recorded' : state === 'none' ? 'after it was done' : 'under way']++
      if (!isRecorded) {
        expect(state).not.toBe('recorded')
        expect(occurring(data, remains), 'what is left of it although nobody was told that it is gone').toBe(remains.length)
        const began = performance.now()
        await house.gateway.operator.erase(asked)
        erasureMs = performance.now() - began
        entries = await readTrail(house.gateway.operator)
      }
      const left = occurring(data, remains)
      total['found after all'] += left
      total['pieces of payloads and keys looked for'] += remains.length
      total[isPerson ? 'persons erased' : 'runs erased']++
      const contents = entries.flatMap(({ payloads = [] }) => payloads.map(({ content }) => content))
      const lost = kept.filter(({ mark }) => contents.filter((text) => text.includes(mark)).length < STATEMENTS)
      total['payloads of others lost'] += lost.length
      expect({ left, lost }, `kill ${kill}`).toEqual({ left: 0, lost: [] })
      for (const { mark } of runs) {
        expect(contents.filter((text) => text.includes(mark))).toEqual([])
        expect(await found(house.gateway, mark)).toBe(0)
      }
      expect(await found(house.gateway, neighbour.mark)).toBe(STATEMENTS)
    }
    await expectSound(shop, before)
  } finally {
    await shop?.close()
  }
  shown('test/trail/erasure-kill.test.ts', total)
  expect(total['under way'], 'no kill met an erasure that was under way: this run shows nothing').toBeGreaterThan(0)
})

/** Two runs of one person, and who of them is to be erased: the first run, or the person with both. A third run is somebody else's. */
async function record(shop: Shop, isPerson: boolean): Promise<{ victim: Victim; neighbour: Told }> {
  const sub = `repo:acme/reports:environment:${randomBytes(8).toString('hex')}`
  const mine = [await work(shop, sub), await work(shop, sub)] as const
  const others = await work(shop, 'repo:acme/reports:ref:refs/heads/main')
  const { data, operator } = shop.gateway
  for (const { run } of [...mine, others]) {
    await operator.revokeRun(run)
    // It says so once all of it can be proven, and so is published.
    await operator.receipt(run)
  }
  const { log } = await operator.status()
  const runs = isPerson ? mine : mine.slice(0, 1)
  const entries = await readTrail(operator)
  const keys = runs.flatMap(({ run }) => opened(entries, run).map(({ fields }) => fields.key as string))
  const [first] = opened(entries, mine[0].run) as [EntryAnswer]
  const { pseudonym } = first.fields.who as { pseudonym: string }
  const remains: (Buffer | string)[] = [...remainsOf(data, keys, log.size)]
  if (isPerson) remains.push(sub)
  const scope = isPerson ? { pseudonym } : { run: mine[0].run }
  return { victim: { scope, runs, remains }, neighbour: isPerson ? others : mine[1] }
}

/** A run of two sessions that say their mark in statements. */
async function work(shop: Shop, sub: string): Promise<Told> {
  const job = await shop.gateway.credential({ sub })
  const mark = `mark${randomBytes(8).toString('hex')}`
  for (let session = 0; session < 2; session++) {
    const client = new Client(shop.clientOf(job))
    await client.connect()
    for (let n = 0; n < STATEMENTS / 2; n++) await client.query(`SELECT '${mark}', ${session}, ${n}`)
    await client.end()
  }
  return { run: job.run, mark }
}

function opened(entries: readonly EntryAnswer[], run: string): readonly EntryAnswer[] {
  return entries.filter(({ kind, fields }) => kind === 'session.open' && fields.run === run)
}

function isOf(fields: EntryAnswer['fields'], scope: EraseRequest['scope']): boolean {
  return Object.entries(scope).every(([name, value]) => fields[name] === value)
}

/** How many statements a search finds by this word. */
async function found({ operator }: RunningGateway, text: string): Promise<number> {
  let count = 0
  for await (const line of operator.search({ text, kind: 'operation.intent' }, new AbortController().signal)) if (!('page' in line)) count++
  return count
}

/** Of the log; its verifier key. */
async function keyOf({ gateway }: Shop): Promise<string> {
  const { keys } = await gateway.operator.logKeys()
  return keys[0]?.vkey as string
}

/** A start that does not come far: somebody kills that too. */
async function killedStart({ configPath, folder }: RunningGateway, ms: number): Promise<void> {
  const child = spawn(process.execPath, [join(BIN, 'gatescribe.js'), 'start', '-c', configPath], { cwd: folder, stdio: 'ignore' })
  const exit = once(child, 'exit')
  await sleep(ms)
  child.kill('SIGKILL')
  await exit
}

/** Whole after an orderly stop too, to its last entry; and without what was erased. */
async function expectSound(shop: Shop | undefined, erased: Victim['remains']): Promise<void> {
  if (!shop) return
  const vkey = await keyOf(shop)
  expect(await shop.gateway.stop()).toBe(0)
  const words = [join(BIN, 'gatescribe-verify.js'), join(shop.gateway.data, 'trail/log'), '--key', vkey]
  const { status, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  expect(stdout).toContain('erasures are told of')
  expect(status, stdout).toBe(0)
  expect(occurring(shop.gateway.data, erased)).toBe(0)
}
