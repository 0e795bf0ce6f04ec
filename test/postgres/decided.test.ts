import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { JOB_GROUP, type WrittenRule } from '../parts/gateway-config.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../parts/shop.ts'

const who = { groups: [JOB_GROUP] }
const MAY_READ: WrittenRule = { name: 'may-read', effect: 'allow', who, do: ['postgres.read'] }
const MAY_FILL: WrittenRule = {
  name: 'may-fill-staging',
  effect: 'allow',
  who,
  do: ['postgres.insert', 'postgres.update', 'postgres.delete'],
  when: 'size(sql.writes) > 0 && sql.writes.all(t, t.startsWith("staging."))',
}
const BOUNDED: WrittenRule = {
  name: 'no-unbounded-writes',
  effect: 'deny',
  do: ['postgres.update', 'postgres.delete'],
  when: '!sql.bounded',
  say: 'Add a WHERE clause that limits the rows.',
}
const NO_SALARIES: WrittenRule = {
  name: 'no-salaries',
  effect: 'deny',
  do: ['postgres.read'],
  when: 'sql.columns.output.exists(c, c == "public.people.salary")',
}

describe('what a statement does decides', () => {
  let shop: Shop
  let client: Client
  beforeAll(async () => {
    shop = await openShop({ gateway: { adjust: (config) => Object.assign(config, { rules: [MAY_READ, MAY_FILL, BOUNDED, NO_SALARIES] }) } })
    for (const text of [
      'CREATE SCHEMA staging',
      'CREATE TABLE staging.lines (id int PRIMARY KEY, word text)',
      'CREATE TABLE people (id int PRIMARY KEY, name text, salary int)',
      "INSERT INTO people VALUES (1, 'Ann', 5), (2, 'Bob', 6)",
      'CREATE VIEW paid AS SELECT name, salary FROM people',
      'CREATE VIEW named AS SELECT name FROM people',
      'CREATE FUNCTION touch() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM people; RETURN 1; END $$',
    ])
      await shop.server.queryIn({ database: SHOP_DATABASE, user: 'postgres' }, text)
    const role = `GRANT ALL ON ALL TABLES IN SCHEMA public, staging TO ${SHOP_ROLE}`
    await shop.server.queryIn({ database: SHOP_DATABASE, user: 'postgres' }, `GRANT USAGE ON SCHEMA staging TO ${SHOP_ROLE}; ${role}`)
  })
  afterAll(() => shop?.close())
  beforeEach(async () => {
    await shop.gateway.reconfigure({ rules: [MAY_READ, MAY_FILL, BOUNDED, NO_SALARIES], limits: {} })
    client = new Client(shop.clientOf(await shop.gateway.credential()))
    await client.connect()
    return () => client.end()
  })

  const refusal = (query: Promise<unknown>) =>
    query.then(
      () => 'done',
      (error: DatabaseError) => `${error.code} ${error.detail ?? ''}`,
    )
  const ways = [
    ['simple', (text: string) => client.query(text)],
    ['extended', (text: string) => client.query({ text, queryMode: 'extended' } as never) as Promise<unknown>],
  ] as const

  describe.each(ways)('in a %s query', (_, send) => {
    it.each([
      'SELECT name FROM people',
      "SELECT 'DELETE FROM people; DROP TABLE people'",
      'WITH salary AS (SELECT 1 AS salary) SELECT salary FROM salary',
      'EXPLAIN SELECT name FROM named',
      "INSERT INTO staging.lines VALUES ((random() * 1e9)::int, 'x')",
      "UPDATE staging.lines SET word = 'y' WHERE id = 3",
      'DELETE FROM staging.lines WHERE id = 3',
      'BEGIN',
      'SHOW server_version',
    ])('lets through %s', async (text) => {
      expect(await refusal(send(text))).toBe('done')
    })

    it.each([
      ['DELETE FROM staging.lines', 'no-unbounded-writes'],
      ['UPDATE staging.lines SET word = word WHERE 1 = 1', 'no-unbounded-writes'],
      ['SELECT * FROM people', 'no-salaries'],
      ['SELECT p FROM people p', 'no-salaries'],
      ['SELECT salary FROM paid', 'no-salaries'],
      ['SELECT max(salary) FROM people', 'no-salaries'],
      ['DELETE FROM people WHERE id = 1', ''],
      ['INSERT INTO staging.lines SELECT id, name FROM people; DELETE FROM people WHERE id = 2', ''],
      ['WITH gone AS (DELETE FROM people WHERE id = 1 RETURNING name) SELECT name FROM gone', ''],
      ['SELECT touch()', ''],
      ['DO $$ BEGIN NULL; END $$', ''],
      ['DROP TABLE people', ''],
      ['SET search_path = staging', ''],
      ["ALTER ROLE CURRENT_USER PASSWORD 'x'", ''],
      ['SELECT * FROM pg_stat_activity', ''],
      ['SELECT * FROM pg_stats', ''],
      ["SELECT pg_read_file('/etc/passwd')", ''],
      ["COPY people TO PROGRAM 'cat'", ''],
      ['this is no SQL', ''],
    ])('refuses %s', async (text, rule) => {
      const said = await refusal(send(text))
      expect(said).toMatch(/^42501/)
      if (rule !== '') expect(said).toContain(`"${rule}"`)
    })
  })

  it('is recorded with the decision, by names that the text does not say', async () => {
    await client.query('SELECT name FROM named')
    const entries = await readTrail(shop.gateway.operator)
    const facts = entries.flatMap(({ payloads = [] }) =>
      payloads.filter(({ name }) => name.startsWith('facts.')).map(({ content }) => JSON.parse(content)),
    )
    expect(facts).toContainEqual(
      expect.objectContaining({
        effects: [{ class: 'read', action: 'select' }],
        sql: expect.objectContaining({ reads: ['public.named', 'public.people'], writes: [], catalog: expect.stringMatching(/^sha256:/) }),
      }),
    )
    expect(entries.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['catalog.read', 'catalog.outcome']))
  })

  it('leaves the transaction whole: a savepoint can be returned to, and what was done before is kept', async () => {
    await client.query('BEGIN')
    await client.query("INSERT INTO staging.lines VALUES (900, 'kept')")
    await client.query('SAVEPOINT here')
    expect(await refusal(client.query('DELETE FROM people'))).toMatch(/^42501/)
    expect(await refusal(client.query('SELECT 1'))).toMatch(/^25P02/)
    await client.query('ROLLBACK TO here')
    await client.query('COMMIT')
    expect((await client.query('SELECT word FROM staging.lines WHERE id = 900')).rows).toEqual([{ word: 'kept' }])
  })

  it('judges a prepared statement again when it is used, by what its names mean then', async () => {
    const mayDefine: WrittenRule = { name: 'may-define', effect: 'allow', who, do: ['postgres.define'] }
    await shop.gateway.reconfigure({ rules: [MAY_READ, mayDefine] })
    await client.query({ name: 'p', text: 'SELECT * FROM later WHERE $1 = 1', values: [1] }).catch(() => undefined)
    await client.query('CREATE TABLE later (n int)')
    expect(await refusal(client.query({ name: 'q', text: 'SELECT * FROM later WHERE $1 = 1', values: [1] }))).toBe('done')
    await client.query('DROP TABLE later')
    await client.query('CREATE VIEW later AS SELECT salary AS n FROM people')
    await shop.gateway.reconfigure({ rules: [MAY_READ, mayDefine, NO_SALARIES] })
    expect(await refusal(client.query({ name: 'q', text: 'SELECT * FROM later WHERE $1 = 1', values: [1] }))).toContain('"no-salaries"')
    await client.query('DROP VIEW later')
  })

  it('records and judges what a name stands for that SQL prepared in place of one of the protocol', async () => {
    await client.query({ name: 's', text: 'SELECT 1 AS harmless' })
    await client.query('DEALLOCATE s')
    expect(await refusal(client.query('PREPARE s AS DELETE FROM people'))).toMatch(/^42501/)
    await client.query('PREPARE s AS SELECT name FROM people')
    expect(await refusal(client.query({ name: 's', text: 'SELECT 1 AS harmless' }))).toMatch(/^26000/)
    expect((await client.query('EXECUTE s')).rows).toHaveLength(2)
  })

  it('asks where a rule asks, and says that there is nobody yet', async () => {
    await shop.gateway.reconfigure({ rules: [MAY_READ, { name: 'ask-first', effect: 'ask', do: ['postgres.define'] }] })
    expect(await refusal(client.query('CREATE TABLE t ()'))).toBe('42501 Refused by rule "ask-first" (GS_APPROVAL_UNAVAILABLE).')
  })

  it('gives no more rows than the rule that allows, or the limit for everybody', async () => {
    await shop.gateway.reconfigure({ rules: [{ ...MAY_READ, limits: { rows: 10 } }] })
    expect(await refusal(client.query('SELECT name FROM named, generate_series(1, 6)'))).toContain('GS_LIMIT_EXCEEDED')
    expect((await client.query('SELECT name FROM named, generate_series(1, 5)')).rowCount).toBe(10)
    await shop.gateway.reconfigure({ rules: [MAY_READ], limits: { resultRows: 5 } })
    expect(await refusal(client.query('SELECT generate_series(1, 1000000)'))).toContain('GS_LIMIT_EXCEEDED')
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  it('gives no more time, and takes no longer text', async () => {
    await shop.gateway.reconfigure({ rules: [{ ...MAY_READ, limits: { time: '300ms', statementBytes: '1KiB' } }] })
    expect(await refusal(client.query('SELECT pg_sleep(30)'))).toContain('GS_LIMIT_EXCEEDED')
    expect(await refusal(client.query(`SELECT '${'x'.repeat(2_000)}'`))).toMatch(/^42501/)
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  it('refuses hostile text within 300 ms, and the session goes on', async () => {
    for (const text of [
      `SELECT ${'/*'.repeat(16_000)}`,
      `SELECT 1 ${'+-'.repeat(5_000)} 1`,
      `SELECT ${'('.repeat(5_000)}1${')'.repeat(5_000)}`,
    ]) {
      const start = performance.now()
      expect(await refusal(client.query(text))).toMatch(/^42501/)
      expect(performance.now() - start).toBeLessThan(3_000)
    }
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  it('leaves each refusal in the trail, as refused', async () => {
    await refusal(client.query('SELECT * FROM people /* look for me */'))
    const operations = operationsOf(await readTrail(shop.gateway.operator))
    expect(operations).toContainEqual(
      expect.objectContaining({ statement: 'SELECT * FROM people /* look for me */', effect: 'deny', rules: ['no-salaries'] }),
    )
  })
})
