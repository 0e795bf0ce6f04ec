import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MaskedRow } from '../../../src/trail/index.ts'
import { ALLOW_EVERYTHING } from '../../parts/gateway-config.ts'
import { readTrail } from '../../parts/recorded.ts'
import { recordingIn, sessionsOf } from '../../parts/recordings.ts'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../../parts/shop.ts'
import type { Attempt } from './attempt.ts'
import { BY_HAND } from './by-hand.ts'
import { CANARY, traces, tracesIn } from './canary.ts'
import { generated } from './corpus.ts'
import { type HuntedAt, HuntedSession } from './hunted-session.ts'
import { foreignSchema, masksOf, SCHEMA } from './schema.ts'

const SEED = Number(process.env.HUNT_SEED ?? 6)
const ATTEMPTS: readonly Attempt[] = [...BY_HAND, ...generated(SEED, 400)]
const LOOKED = traces(true)

let shop: Shop
let direct: HuntedAt
let masked: HuntedAt

beforeAll(async () => {
  shop = await openShop({
    postgres: { hba: ['host all all 127.0.0.1/32 trust'] },
    gateway: {
      adjust: (config) => {
        config.rules = [ALLOW_EVERYTHING]
        config.masks = masksOf(SHOP_DATABASE)
        config.budgets = [{ name: 'as-many-as-there-are', per: 'run', limit: { refusals: 1_000_000 } }]
        config.masking = { key: 'file:./master.key' }
      },
    },
  })
  await shop.server.queryIn({ database: SHOP_DATABASE, user: 'postgres' }, foreignSchema(shop.server.port, SHOP_ROLE, SHOP_DATABASE))
  await shop.server.queryIn({ database: SHOP_DATABASE, user: SHOP_ROLE }, SCHEMA)
  direct = {
    port: shop.server.port,
    settings: [
      ['user', SHOP_ROLE],
      ['database', SHOP_DATABASE],
    ],
  }
  const { password } = await shop.gateway.credential()
  masked = {
    port: shop.gateway.port,
    ca: shop.gateway.ca,
    settings: [
      ['user', 'anybody'],
      ['database', SHOP_DATABASE],
      ['options', `-c gatescribe.token=${password}`],
    ],
  }
}, 60_000)
afterAll(() => shop?.close())

/** What came for each attempt, in one session as long as it lasts. */
async function run(at: HuntedAt, attempts: readonly Attempt[]): Promise<Map<Attempt, Buffer>> {
  const answers = new Map<Attempt, Buffer>()
  let session = await HuntedSession.open(at)
  for (const attempt of attempts) {
    if (session.closed) session = await HuntedSession.open(at)
    answers.set(attempt, await session.run(attempt))
  }
  session.close()
  return answers
}

describe('the judge', () => {
  it.each([
    ['as it is', (text: string) => Buffer.from(`x${text}y`)],
    ['in other letters', (text: string) => Buffer.from(text.toUpperCase())],
    ['a part of it', (text: string) => Buffer.from(text.slice(3, 10))],
    ['reversed', (text: string) => Buffer.from([...text].reverse().join(''))],
    ['in hex', (text: string) => Buffer.from(Buffer.from(text).toString('hex'))],
    ['in base64', (text: string) => Buffer.from(Buffer.from(`a${text}bc`).toString('base64'))],
    ['in UTF-16', (text: string) => Buffer.from(text, 'utf16le')],
  ])('finds the canary %s', (_, written) => {
    expect(tracesIn(written(CANARY.text), LOOKED)).not.toEqual([])
    expect(tracesIn(Buffer.concat([Buffer.alloc(1000, 'a'), written(CANARY.text)]), LOOKED)).not.toEqual([])
  })

  it('finds nothing where there is nothing', () => {
    expect(tracesIn(Buffer.from('Zq7xKw [masked] hTb5nR 1973-09-18 7391842'), LOOKED)).toEqual([])
  })
})

describe('whatever is asked of a session with masks', () => {
  it('shows nothing of what is masked, in no form, although each of it does where nothing is masked', { timeout: 300_000 }, async () => {
    const shown = await run(direct, ATTEMPTS)
    // What shows nothing there either is no attempt, unless the server cannot do it at all.
    const harmless = ATTEMPTS.filter((attempt) => tracesIn(shown.get(attempt)!, LOOKED).length === 0)
    expect(harmless.filter((attempt) => !typesOf(shown.get(attempt)!).includes('E')).map(({ name }) => name)).toEqual([])
    expect(ATTEMPTS.length - harmless.length).toBeGreaterThan(500)
    for (const name of ['select email from filed', 'FunctionCall of what runs SQL'])
      expect(harmless.map((attempt) => attempt.name)).not.toContain(name)

    const answers = await run(masked, ATTEMPTS)
    const leaks = ATTEMPTS.map((attempt) => [attempt.name, ...tracesIn(answers.get(attempt)!, LOOKED)])
    expect(leaks.filter(({ length }) => length > 1)).toEqual([])
    // A gateway that refuses everything shows nothing either: hundreds are answered, with rows.
    expect(ATTEMPTS.filter((attempt) => /[Dd]/.test(typesOf(answers.get(attempt)!))).length).toBeGreaterThan(250)
  })

  it('is no stream of replication, which has no columns', async () => {
    for (const replication of ['database', 'true']) {
      const opened = HuntedSession.open({ ...masked, settings: [...masked.settings, ['replication', replication]] })
      await expect(opened).rejects.toThrow(/no log-in.*GS_POSTGRES_REPLICATION_REFUSED/s)
    }
  })

  it('keeps nothing of it in the trail, in the recording, in its log or anywhere on its disk', { timeout: 120_000 }, async () => {
    const looked = traces(false)
    const { operator, data } = shop.gateway
    const entries = await readTrail(operator)
    const opened = entries.filter(({ kind }) => kind === 'session.open')
    expect(opened.length).toBeGreaterThan(0)
    expect(tracesIn(Buffer.from(JSON.stringify(entries)), looked)).toEqual([])
    const recorded = await Promise.all(sessionsOf(entries).map((session) => recordingIn(entries, session)))
    const events = recorded.flat().flatMap((segment) => segment.events)
    expect(events.length).toBeGreaterThan(1000)
    expect(tracesIn(Buffer.from(JSON.stringify(events)), looked)).toEqual([])
    expect(tracesIn(Buffer.concat(events.flatMap(bytesIn)), looked)).toEqual([])
    expect(tracesIn(Buffer.from(shop.gateway.log()), looked)).toEqual([])
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
    expect(tracesIn(Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name)))), looked)).toEqual([])
    const masked = entries.flatMap(({ kind, fields }) =>
      kind === 'operation.outcome' ? ((fields.masked as MaskedRow[] | undefined) ?? []) : [],
    )
    expect(new Set(masked.map(([, mask]) => mask))).toEqual(new Set(['people', 'cards', 'joined', 'passwords']))
    expect(masked.map(([, , what]) => what)).toContain('public.customers.email')
  })
})

/** Types of the messages, in order. */
function typesOf(bytes: Buffer): string {
  let types = ''
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) types += String.fromCharCode(bytes[at]!)
  return types
}

/** What stands in an event as base64, as it was. */
function bytesIn(event: unknown): Buffer[] {
  if (typeof event === 'string') return [Buffer.from(event, 'base64')]
  return typeof event === 'object' && event !== null ? Object.values(event).flatMap(bytesIn) : []
}
