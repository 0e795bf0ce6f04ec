import { Client, type DatabaseError } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { JOB_GROUP, type WrittenRule } from '../parts/gateway-config.ts'
import { readTrail } from '../parts/recorded.ts'
import { openShop, type Shop } from '../parts/shop.ts'

const may = (...effects: string[]): WrittenRule[] => [{ name: 'may', effect: 'allow', who: { groups: [JOB_GROUP] }, do: effects }]

describe('a resource with several credentials, at a real PostgreSQL', () => {
  let shop: Shop
  const clients: Client[] = []
  beforeAll(async () => {
    shop = await openShop({
      postgres: { hba: ['host all all 127.0.0.1/32 trust'] },
      gateway: {
        adjust: (config) => {
          config.resources[0]!.credentials = [
            { as: 'reader', user: 'shop_reader', for: ['postgres.read'] },
            { as: 'filler', user: 'shop_filler', for: ['postgres.read', 'postgres.write'] },
          ]
          config.rules = may('postgres.read')
        },
      },
    })
    await shop.server.query('CREATE ROLE shop_reader LOGIN; CREATE ROLE shop_filler LOGIN')
    await shop.server.queryIn(
      { database: 'shop', user: 'postgres' },
      'CREATE TABLE public.lines (n int); INSERT INTO lines VALUES (1); GRANT ALL ON lines TO shop_reader, shop_filler',
    )
  }, 60_000)
  afterAll(() => shop?.close())
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end().catch(() => undefined)
  })

  async function connected(): Promise<Client> {
    const client = new Client(shop.clientOf(await shop.gateway.credential()))
    client.on('error', () => undefined)
    clients.push(client)
    await client.connect()
    return client
  }
  const asked = async (client: Client) =>
    (await client.query("SELECT session_user::text AS who, current_setting('default_transaction_read_only') AS readonly")).rows[0]
  const failure = (query: Promise<unknown>): Promise<DatabaseError> =>
    query.then(
      () => expect.unreachable(),
      (error: DatabaseError) => error,
    )

  it('logs in with the one that is for what the rules could permit, read-only where that changes nothing', async () => {
    await shop.gateway.reconfigure({ rules: may('postgres.read') })
    expect(await asked(await connected())).toEqual({ who: 'shop_reader', readonly: 'on' })
    await shop.gateway.reconfigure({ rules: may('postgres.read', 'postgres.insert') })
    expect(await asked(await connected())).toEqual({ who: 'shop_filler', readonly: 'off' })
    const injected = (await readTrail(shop.gateway.operator)).filter(({ kind }) => kind === 'credential.injected')
    expect(injected.map(({ fields }) => fields.credential)).toEqual(['reader', 'filler'])
  })

  it('keeps its credential whatever becomes of the rules, and the target refuses what they permit only now', async () => {
    await shop.gateway.reconfigure({ rules: may('postgres.read') })
    const client = await connected()
    await shop.gateway.reconfigure({ rules: may('postgres.read', 'postgres.write') })
    // The gateway would let it pass; the role could; the session cannot.
    expect(await failure(client.query('INSERT INTO lines VALUES (2)'))).toMatchObject({ code: '25006' })
    expect(await asked(client)).toEqual({ who: 'shop_reader', readonly: 'on' })
    const fresh = await connected()
    await fresh.query('INSERT INTO lines VALUES (3)')
  })

  it('refuses to become writing again, in every way of saying it', async () => {
    await shop.gateway.reconfigure({ rules: may('postgres.read') })
    const client = await connected()
    for (const text of [
      'SET default_transaction_read_only TO off',
      'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
      'BEGIN READ WRITE',
      'START TRANSACTION READ WRITE',
      "SELECT set_config('default_transaction_read_only', 'off', false)",
      'SET transaction_read_only TO off',
    ]) {
      const code = await client.query(text).then(
        () => 'done',
        (error: DatabaseError) => error.code,
      )
      expect.soft([text, code]).toEqual([text, '42501'])
    }
    await client.query('BEGIN')
    await failure(client.query('SET TRANSACTION READ WRITE'))
    await client.query('ROLLBACK')
    // What is reset becomes what the session began with.
    for (const text of [
      'RESET default_transaction_read_only',
      'SET default_transaction_read_only TO DEFAULT',
      'RESET ALL',
      'DISCARD ALL',
    ]) {
      await client.query(text)
      expect(await asked(client)).toMatchObject({ readonly: 'on' })
    }
  })

  it('refuses the session where no credential is for all of it', async () => {
    await shop.gateway.reconfigure({ rules: may('postgres.read', 'postgres.define') })
    await expect(connected()).rejects.toMatchObject({ message: expect.stringContaining('No credential of this resource') })
  })

  it('has each role looked at by doctor, against what the rules permit through it', async () => {
    await shop.gateway.reconfigure({ rules: may('postgres.read') })
    const findings: { subject: string; level: string; found: string }[] = []
    for await (const finding of shop.gateway.operator.doctor(AbortSignal.timeout(20_000))) findings.push(finding)
    const of = (subject: string) => findings.filter((finding) => finding.subject === subject).map(({ level, found }) => `${level} ${found}`)
    expect(of('resource shop as reader')).toEqual([
      expect.stringMatching(/^ok .*logged in to/),
      expect.stringMatching(/^warn Its role shop_reader may change rows of one relation/),
    ])
    expect(of('resource shop as filler')).toEqual([
      expect.stringMatching(/^ok .*logged in to/),
      expect.stringMatching(/^warn Its role shop_filler may change rows of one relation/),
    ])
  })
})
