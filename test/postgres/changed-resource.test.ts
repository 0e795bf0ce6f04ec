import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openShop, type Shop } from '../parts/shop.ts'

describe('a reload that changes a resource', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop()
  })
  afterAll(() => shop?.close())

  it('ends the sessions that were opened for it as it was; a new one is judged by what it is now', async () => {
    const job = await shop.gateway.credential()
    const client = new Client(shop.clientOf(job))
    const told: DatabaseError[] = []
    client.on('error', (error) => told.push(error as DatabaseError))
    await client.connect()
    const ended = new Promise((resolve) => client.once('end', resolve))
    const { resources, rules } = shop.gateway.config
    const guarded = { name: 'not-in-prod', effect: 'deny', on: { tags: ['prod'] }, do: ['postgres.*'] } as const
    await shop.gateway.reconfigure({
      resources: resources.map((resource) => ({ ...resource, tags: ['prod'] })),
      rules: [...rules, guarded],
    })
    await ended
    expect(told[0]).toMatchObject({ code: '57P01' })
    await expect(new Client(shop.clientOf(job)).connect()).rejects.toMatchObject({ code: '42501' })
  })

  it('leaves the sessions of a resource that stayed as it was', async () => {
    await shop.gateway.reconfigure({ rules: shop.gateway.config.rules.filter(({ name }) => name !== 'not-in-prod') })
    const client = new Client(shop.clientOf(await shop.gateway.credential()))
    await client.connect()
    await shop.gateway.reconfigure({ rules: shop.gateway.config.rules.map((rule) => ({ ...rule, say: 'Something else.' })) })
    expect((await client.query("SELECT 'still here' AS said")).rows).toEqual([{ said: 'still here' }])
    await client.end()
  })
})
