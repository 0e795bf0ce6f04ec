import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ALLOW_ALL, DENY_ALL } from '../parts/gateway-config.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { openShop, type Shop } from '../parts/shop.ts'

describe('a rule that begins to deny while a session is open', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop()
  })
  afterAll(() => shop?.close())
  beforeEach(() => allow())

  const deny = () => shop.gateway.reconfigure({ rules: [ALLOW_ALL, DENY_ALL] })
  const allow = () => shop.gateway.reconfigure({ rules: [ALLOW_ALL] })
  const connected = async () => {
    const client = new Client(shop.clientOf(await shop.gateway.credential()))
    await client.connect()
    return client
  }
  const failure = (query: Promise<unknown>) =>
    query.then(
      () => undefined,
      (error: DatabaseError) => error,
    )

  it('refuses the next statement with the rule and the next step, and the session goes on', async () => {
    const client = await connected()
    await deny()
    const refused = await failure(client.query("SELECT 'never executed'"))
    expect(refused).toMatchObject({ code: '42501', severity: 'ERROR' })
    expect(refused?.detail).toContain(DENY_ALL.name)
    expect(refused?.hint).toContain(DENY_ALL.say)
    await allow()
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await client.end()
    expect(shop.server.log()).not.toContain('never executed')
    // An outcome is written behind its answer, together with others.
    await expect
      .poll(async () => operationsOf(await readTrail(shop.gateway.operator)))
      .toContainEqual(
        expect.objectContaining({
          statement: "SELECT 'never executed'",
          effect: 'deny',
          rules: expect.arrayContaining([DENY_ALL.name]),
          status: 'refused',
        }),
      )
  })

  // PG-22: the server itself is made to fail, so that its state is what the client sees.
  it('fails the transaction at the server: COMMIT rolls back, and a savepoint can be returned to', async () => {
    const client = await connected()
    await client.query('CREATE TABLE kept (n int)')
    await client.query('BEGIN')
    await client.query('INSERT INTO kept VALUES (1)')
    await client.query('SAVEPOINT here')
    await deny()
    expect(await failure(client.query('INSERT INTO kept VALUES (2)'))).toMatchObject({ code: '42501' })
    await allow()
    expect(await failure(client.query('SELECT 1'))).toMatchObject({ code: '25P02' })
    await client.query('ROLLBACK TO here')
    await client.query('COMMIT')
    expect((await client.query('SELECT n FROM kept')).rows).toEqual([{ n: 1 }])

    await client.query('BEGIN')
    await client.query('INSERT INTO kept VALUES (3)')
    await deny()
    expect(await failure(client.query('INSERT INTO kept VALUES ($1)', [4]))).toMatchObject({ code: '42501' })
    await allow()
    expect((await client.query('COMMIT')).command).toBe('ROLLBACK')
    expect((await client.query('SELECT n FROM kept')).rows).toEqual([{ n: 1 }])
    await client.end()
  })

  it('refuses a prepared statement when it is used, although it was prepared while that was allowed', async () => {
    const client = await connected()
    const named = { name: 'prepared before', text: 'SELECT $1::int AS n' }
    expect((await client.query({ ...named, values: [1] })).rows).toEqual([{ n: 1 }])
    await deny()
    expect(await failure(client.query({ ...named, values: [2] }))).toMatchObject({ code: '42501' })
    await allow()
    expect((await client.query({ ...named, values: [3] })).rows).toEqual([{ n: 3 }])
    await client.end()
  })

  it('keeps the running rules where the new configuration is refused', async () => {
    const client = await connected()
    const broken = shop.gateway.reconfigure({ rules: [{ ...ALLOW_ALL, effect: 'perhaps' as 'allow' }] })
    await expect(broken).rejects.toMatchObject({ code: expect.stringMatching(/^GS_CONFIG_/) })
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await client.end()
    await allow()
    expect((await readTrail(shop.gateway.operator)).map(({ kind }) => kind)).toContain('config.refused')
  })
})
