import { afterAll, beforeAll, expect, it } from 'vitest'
import { openShop, type Shop } from '../../parts/shop.ts'
import { corpus } from './corpus.ts'
import type { Evasion } from './evasion.ts'
import { directly, type Harm, isHarm, Judge, tapped } from './judge.ts'
import { RULES, SCHEMA } from './targets.ts'
import { type Variant, variantsOf } from './variants.ts'

let shop: Shop
let judge: Judge

beforeAll(async () => {
  shop = await openShop({
    gateway: {
      adjust: (config) => {
        config.rules = [...RULES]
        config.budgets = [{ name: 'as-many-as-there-are-attempts', per: 'run', limit: { refusals: 1_000_000 } }]
      },
    },
  })
  const owner = await tapped(directly(shop.server))
  await owner.client.query(SCHEMA)
  await owner.client.end()
  judge = await Judge.at(shop.server)
}, 60_000)
afterAll(async () => {
  await judge?.close()
  await shop?.close()
})

const STEPS: readonly Variant[] = [
  { name: 'simple', send: async (client, text) => void (await client.query(text).catch(() => undefined)) },
  {
    name: 'extended',
    send: async (client, text) =>
      void (await (client.query({ text, queryMode: 'extended' } as never) as Promise<unknown>).catch(() => undefined)),
  },
]

/** Sends it through the gateway in every way that it can be sent. @returns how it did harm, if it did */
async function attempt({ name, steps, settings = {} }: Evasion, number: number): Promise<string | undefined> {
  const [only] = steps
  const variants = steps.length === 1 && only !== undefined ? variantsOf(only) : STEPS
  const said: string[] = []
  for (const [at, variant] of variants.entries()) {
    const { client, received } = await tapped(shop.clientOf(await credential()))
    for (const [setting, value] of Object.entries(settings)) await client.query(`SET ${setting} = ${value}`).catch(() => undefined)
    for (const step of steps) await variant.send(client, step, number * 100 + at)
    await client.end().catch(() => undefined)
    const harm = await judge.harm(received())
    if (isHarm(harm)) said.push(`${variant.name}: ${describe(harm)}`)
    if (harm.orders || harm.copied.length > 0) return `${name}: ${said.join('; ')}`
  }
  return said.length === 0 ? undefined : `${name}: ${said.join('; ')}`
}

const describe = ({ orders, seen, copied }: Harm) =>
  [orders ? 'orders were changed' : '', seen ? 'secrets were seen' : '', copied.length > 0 ? `secrets are in ${copied.join(', ')}` : '']
    .filter(Boolean)
    .join(', ')

let job: Awaited<ReturnType<Shop['gateway']['credential']>> | undefined
const credential = async () => {
  job ??= await shop.gateway.credential()
  return job
}

it('has attempts enough, each with a name of its own', () => {
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
  expect(corpus.length).toBeGreaterThanOrEqual(25)
})

it('lets none of them through, however it is sent', async () => {
  const harms: string[] = []
  for (const [number, evasion] of corpus.entries()) {
    const harm = await attempt(evasion, number)
    if (harm !== undefined) harms.push(harm)
  }
  expect(harms).toEqual([])
}, 600_000)

it('is worth something: what it holds off does harm where nothing holds it off', async () => {
  const idle: string[] = []
  for (const { name, steps, settings = {}, harmless } of corpus) {
    const { client, received } = await tapped(directly(shop.server))
    // Everything of it is undone: by its own connection where it can, else by the owner.
    for (const [setting, value] of Object.entries(settings)) await client.query(`SET ${setting} = ${value}`).catch(() => undefined)
    for (const step of steps) await client.query(step).catch(() => undefined)
    await client.end().catch(() => undefined)
    const harmed = isHarm(await judge.harm(received()))
    if (!harmed && harmless === undefined) idle.push(name)
    if (harmed) await restore()
  }
  expect(idle).toEqual([])
}, 600_000)

/** As it was before: made anew. */
async function restore(): Promise<void> {
  await judge.run(`DROP SCHEMA IF EXISTS shop CASCADE`)
  await judge
    .run(`DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'm', 'v') LOOP
      EXECUTE 'DROP TABLE IF EXISTS ' || name || ' CASCADE';
    END LOOP; END $$`)
    .catch(() => undefined)
  const owner = await tapped(directly(shop.server))
  await owner.client.query(SCHEMA)
  await owner.client.end()
}
