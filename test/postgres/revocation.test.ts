import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { query } from '../../src/protocols/postgres/wire/build.ts'
import { openShop, SHOP_ROLE, type Shop } from '../parts/shop.ts'

describe('ending what runs', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop()
  })
  afterAll(() => shop?.close())

  const backends = async () => (await shop.server.query('SELECT pid FROM pg_stat_activity WHERE usename = $1', [SHOP_ROLE])).length
  const until = async (holds: () => Promise<boolean>, patience: number) => {
    const began = performance.now()
    while (!(await holds())) {
      if (performance.now() - began > patience) return undefined
      await sleep(5)
    }
    return performance.now() - began
  }
  /** Resolves once the target executes the statement; `ended` then tells how it went. */
  const sleeping = async (client: Client) => {
    const ended = client.query('SELECT pg_sleep(60)').then(
      () => undefined,
      (error: DatabaseError) => error,
    )
    await until(
      async () =>
        (await shop.server.query(`SELECT 1 FROM pg_stat_activity WHERE usename = $1 AND query LIKE '%pg_sleep%'`, [SHOP_ROLE])).length > 0,
      5_000,
    )
    return { ended }
  }
  const connected = async (job: Awaited<ReturnType<Shop['gateway']['credential']>>) => {
    const client = new Client(shop.clientOf(job))
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  // PG-26
  it('cuts every session of a revoked run within a second, idle or busy, and lets it in no more', async () => {
    const job = await shop.gateway.credential()
    const [busy, idle] = [await connected(job), await connected(job)]
    const idleEnded = new Promise((resolve) => idle.once('end', resolve))
    const { ended: busyEnded } = await sleeping(busy)
    const began = performance.now()
    await shop.gateway.operator.revokeRun(job.run)
    const [error] = await Promise.all([busyEnded, idleEnded])
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(error).toMatchObject({ code: '57P01', severity: 'FATAL' })
    expect(await until(async () => (await backends()) === 0, 1_000 - (performance.now() - began))).toBeDefined()
    await expect(new Client(shop.clientOf(job)).connect()).rejects.toThrow()
  })

  it('cuts one killed session and leaves the run’s others alone', async () => {
    const job = await shop.gateway.credential()
    const [one, other] = [await connected(job), await connected(job)]
    const { ended } = await sleeping(one)
    const sessions = (await shop.gateway.operator.sessions()).filter(({ run }) => run === job.run)
    expect(sessions).toHaveLength(2)
    const busy = sessions.toSorted((a, b) => b.operations - a.operations)[0]!
    await shop.gateway.operator.killSession(busy.id)
    expect(await ended).toMatchObject({ code: '57P01' })
    expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await other.end()
    expect(await until(async () => (await backends()) === 0, 1_000)).toBeDefined()
  })

  // PG-26
  it.each([
    ['copies in and says nothing', 'COPY ledger FROM STDIN', undefined],
    ['does not read what it copies out', "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 200000)) TO STDOUT", undefined],
    ['does not read its rows', "SELECT repeat('x', 1000) FROM generate_series(1, 200000)", undefined],
    ['waits for a target that has stopped', 'SELECT 1', 'SIGSTOP'],
  ] as const)('cuts a revoked client that %s', async (_, text, signal) => {
    const job = await shop.gateway.credential()
    const client = await connected(job)
    await client.query('CREATE TABLE IF NOT EXISTS ledger (line text)')
    const { stream } = (client as unknown as { connection: { stream: import('node:net').Socket } }).connection
    const { processID } = client as unknown as { processID: number }
    stream.removeAllListeners('data').pause()
    if (signal) process.kill(processID, signal)
    let stopped = signal !== undefined
    try {
      stream.write(query(text))
      await sleep(200)
      const began = performance.now()
      await shop.gateway.operator.revokeRun(job.run)
      const gone = async () => !(await shop.gateway.operator.sessions()).some(({ run }) => run === job.run)
      expect(await until(gone, 1_000)).toBeDefined()
      if (stopped) stopped = !process.kill(processID, 'SIGCONT')
      expect(await until(async () => (await backends()) === 0, 1_000 - (performance.now() - began))).toBeDefined()
    } finally {
      if (stopped) process.kill(processID, 'SIGCONT')
      stream.destroy()
    }
  })

  // PG-27
  it('ends the target’s backend when the client vanishes in the middle of a statement', async () => {
    const client = await connected(await shop.gateway.credential())
    await sleeping(client)
    ;(client as unknown as { connection: { stream: import('node:net').Socket } }).connection.stream.resetAndDestroy()
    expect(await until(async () => (await backends()) === 0, 1_000)).toBeDefined()
  })

  // PG-28
  it('tells the client when the target’s backend dies', async () => {
    const client = await connected(await shop.gateway.credential())
    const { ended } = await sleeping(client)
    await shop.server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [SHOP_ROLE])
    expect(await ended).toMatchObject({ code: '57P01' })
  })
})
