import { readFileSync } from 'node:fs'
import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTrail } from '../parts/recorded.ts'
import { openShop, type Shop } from '../parts/shop.ts'

describe('starting and stopping', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop()
  })
  afterAll(() => shop?.close())

  // The best of a few: what else the machine does right now is not the gateway's start.
  it('is ready within a second, also over the data of an earlier run', async () => {
    const times = [shop.gateway.readyMs]
    for (let start = 0; start < 3; start += 1) {
      shop.gateway = await shop.gateway.again()
      times.push(shop.gateway.readyMs)
    }
    expect(Math.min(...times)).toBeLessThan(1_000)
  })

  it.runIf(process.platform === 'linux')('has begun its process again with room for the collector', () => {
    const command = readFileSync(`/proc/${shop.gateway.pid}/cmdline`, 'utf8').split('\0')
    expect(command[1]).toMatch(/^--initial-old-space-size=/)
    expect(command).toContain('start')
    // Nor does it ask V8 for what this release does not know.
    expect(shop.gateway.log()).not.toContain('unrecognized flag')
  })

  it('lets a statement finish when it is told to stop, and takes no new connections', async () => {
    const job = await shop.gateway.credential()
    const client = new Client(shop.clientOf(job))
    client.on('error', () => undefined)
    await client.connect()
    const last = client.query("SELECT 'finished' AS said FROM pg_sleep(0.7)")
    await new Promise((resolve) => setTimeout(resolve, 100))
    const stopped = shop.gateway.stop()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await expect(new Client(shop.clientOf(job)).connect()).rejects.toThrow()
    expect((await last).rows).toEqual([{ said: 'finished' }])
    expect(await stopped).toBe(0)
  })

  it('does not wait longer than gateway.drain', async () => {
    shop.gateway = await shop.gateway.again()
    await shop.gateway.reconfigure({ gateway: { ...shop.gateway.config.gateway, drain: '300ms' } }).catch(() => undefined)
    shop.gateway = await shop.gateway.again()
    const client = new Client(shop.clientOf(await shop.gateway.credential()))
    client.on('error', () => undefined)
    await client.connect()
    const cut = client.query('SELECT pg_sleep(60)').then(
      () => undefined,
      (error: DatabaseError) => error,
    )
    const began = performance.now()
    await shop.gateway.stop()
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(await cut).toMatchObject({ code: '57P01' })
    shop.gateway = await shop.gateway.again()
    const kinds = (await readTrail(shop.gateway.operator)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'gateway.stop')).not.toHaveLength(0)
    expect(kinds).not.toContain('gateway.recovered')
  })
})
