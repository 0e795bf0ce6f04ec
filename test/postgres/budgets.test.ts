import { setTimeout as wait } from 'node:timers/promises'
import { Client, type DatabaseError } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ALLOW_ALL, type WrittenRule } from '../parts/gateway-config.ts'
import { readTrail } from '../parts/recorded.ts'
import { openShop, type Shop } from '../parts/shop.ts'
import type { JobCredential } from '../parts/token-exchange.ts'

const NO_DELETES: WrittenRule = { name: 'no-deletes', effect: 'deny', do: ['postgres.delete'], say: 'Leave the rows.' }

describe('budgets, through a real gateway', () => {
  let shop: Shop
  const clients: Client[] = []
  beforeAll(async () => {
    shop = await openShop({
      gateway: {
        adjust: (config) => {
          config.rules = [ALLOW_ALL, NO_DELETES]
        },
      },
    })
    await shop.server.queryIn(
      { database: 'shop', user: 'postgres' },
      'CREATE TABLE public.lines AS SELECT n FROM generate_series(1, 1000) n; GRANT ALL ON public.lines TO PUBLIC',
    )
  }, 60_000)
  afterAll(() => shop?.close())
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end().catch(() => undefined)
  })

  const budgets = (...written: Record<string, unknown>[]) => shop.gateway.reconfigure({ budgets: written })
  async function connected(job: JobCredential): Promise<Client> {
    const client = new Client(shop.clientOf(job))
    client.on('error', () => undefined)
    clients.push(client)
    await client.connect()
    return client
  }
  const failure = (query: Promise<unknown>): Promise<DatabaseError> =>
    query.then(
      () => expect.unreachable(),
      (error: DatabaseError) => error,
    )
  /** Fields of the entries of a kind that are of a run. */
  const told = async (kind: string, run: string) =>
    (await readTrail(shop.gateway.operator)).filter((entry) => entry.kind === kind && entry.fields.run === run).map(({ fields }) => fields)

  it('refuse an operation once operations are used up, over all sessions of the run, and leave the sessions open', async () => {
    await budgets({ name: 'a-few', per: 'run', limit: { operations: 6 }, warnAt: 0.5 })
    const job = await shop.gateway.credential()
    const [one, two] = [await connected(job), await connected(job)]
    const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => (n % 2 ? one : two).query('SELECT 1')))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(6)
    const refused = await failure(one.query('SELECT 1'))
    expect(refused.message).toContain('a-few')
    expect(`${refused.message} ${refused.detail} ${refused.hint}`).not.toMatch(/\b6\b/)
    await budgets()
    expect((await one.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await one.end()
    await two.end()
    expect(await told('budget.exceeded', job.run)).toEqual([
      expect.objectContaining({ budget: 'a-few', measure: 'operations', warn: true, limit: 6 }),
      expect.objectContaining({ budget: 'a-few', measure: 'operations', warn: false, limit: 6 }),
    ])
  })

  it('cut off a result that goes over the rows that are left: the client gets no more than these', async () => {
    await budgets({ name: 'some-rows', per: 'run', limit: { rows: 1500 } })
    const client = await connected(await shop.gateway.credential())
    expect((await client.query('SELECT n FROM lines')).rows).toHaveLength(1000)
    let rows = 0
    const { Query } = await import('pg')
    const error = await new Promise<DatabaseError>((resolve) => {
      const query = client.query(new Query('SELECT n FROM lines'))
      query.on('row', () => {
        rows++
      })
      query.on('error', (failed) => resolve(failed as DatabaseError))
    })
    expect(rows).toBeLessThanOrEqual(500)
    expect(error.message).toContain('some-rows')
    expect((await failure(client.query('SELECT 1'))).message).toContain('some-rows')
  })

  it('keep what was counted over a restart, also one that nobody announced', async () => {
    const job = await shop.gateway.credential()
    await budgets({ name: 'ten', per: 'workload', over: '24h', limit: { operations: 10 } })
    const before = await connected(job)
    for (let count = 0; count < 4; count++) await before.query('SELECT 1')
    await shop.gateway.stop()
    shop.gateway = await shop.gateway.again()
    const between = await connected(job)
    for (let count = 0; count < 4; count++) await between.query('SELECT 1')
    await wait(1_200)
    await shop.gateway.kill9()
    shop.gateway = await shop.gateway.again()
    const after = await connected(await shop.gateway.credential())
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => after.query('SELECT 1')))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    await budgets()
  }, 60_000)

  it('let no more runs of a workload go on at once', async () => {
    await budgets({ name: 'one-more', per: 'workload', limit: { concurrentRuns: 1 } })
    await expect(shop.gateway.credential()).rejects.toThrow(/GS_RUNS_TOO_MANY/)
    await budgets()
  })

  it('suspend a run that is refused too often: its sessions stay whole, over a restart too, until a person resumes it', async () => {
    await budgets({ name: 'patience', per: 'run', limit: { refusals: 3 } })
    const job = await shop.gateway.credential()
    const [one, other] = [await connected(job), await connected(job)]
    for (let count = 0; count < 3; count++) expect(await failure(one.query('DELETE FROM lines'))).toMatchObject({ hint: NO_DELETES.say })
    expect((await one.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await failure(other.query('DELETE FROM lines'))
    for (const client of [one, other]) expect((await failure(client.query('SELECT 1'))).message).toContain('suspended')
    // Not one of them more: what is refused for this is no refusal of the rules.
    await expect(connected(job)).rejects.toThrow(/suspended/)
    const listed = () => shop.gateway.operator.runs().then((runs) => runs.find(({ id }) => id === job.run))
    expect(await listed()).toMatchObject({ state: 'live', suspended: { budget: 'patience' }, sessions: 2 })

    await shop.gateway.stop()
    shop.gateway = await shop.gateway.again()
    await expect(connected(job)).rejects.toThrow(/suspended/)
    await shop.gateway.operator.resumeRun(job.run)
    const again = await connected(job)
    expect((await again.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect(await listed()).not.toHaveProperty('suspended')
    await again.end()
    expect(await told('run.suspended', job.run)).toEqual([{ run: job.run, budget: 'patience' }])
    expect(await told('run.resumed', job.run)).toEqual([{ run: job.run, by: 'local-operator' }])
    await shop.gateway.operator.revokeRun(job.run)
    await expect.poll(() => told('run.end', job.run)).toHaveLength(1)
  }, 60_000)
})
