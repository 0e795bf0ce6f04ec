import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { JOB_GROUP, type WrittenRule } from '../parts/gateway-config.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { openShop, SHOP_DATABASE, SHOP_ROLE, type Shop } from '../parts/shop.ts'
import { testSurroundings } from '../parts/surroundings.ts'

const who = { groups: [JOB_GROUP] }
const MAY_READ: WrittenRule = { name: 'may-read', effect: 'allow', who, do: ['postgres.read'], limits: { rows: 500 } }
const MAY_WRITE: WrittenRule = { name: 'may-write', effect: 'allow', who, do: ['postgres.write'] }
const BOUNDED: WrittenRule = { name: 'no-unbounded-writes', effect: 'deny', do: ['postgres.delete'], when: '!sql.bounded' }
const RULES = [MAY_READ, MAY_WRITE, BOUNDED]

let shop: Shop
let session: string
/** Index of the entry that a statement is in. */
let entryOf: (statement: string) => Promise<number>

beforeAll(async () => {
  shop = await openShop({ gateway: { adjust: (config) => Object.assign(config, { rules: RULES }) } })
  const asOwner = { database: SHOP_DATABASE, user: 'postgres' }
  for (const text of [
    'CREATE TABLE people (id int, name text, salary int)',
    `GRANT ALL ON people TO ${SHOP_ROLE}`,
    "INSERT INTO people VALUES (1, 'Ann', 5)",
  ])
    await shop.server.queryIn(asOwner, text)
  const client = new Client(shop.clientOf(await shop.gateway.credential()))
  await client.connect()
  await client.query('SELECT name FROM people')
  await client.query({ text: 'SELECT salary FROM people WHERE id = $1', values: [1] })
  await client.query({ text: 'SELECT salary FROM people WHERE id = $1', values: [2] })
  await client.query("UPDATE people SET name = 'Ann' WHERE id = 1")
  await client.query('SET extra_float_digits = 2')
  await client.query('DELETE FROM people').catch(() => undefined)
  await client.query('DROP TABLE people').catch(() => undefined)
  await client.end()
  const entries = await readTrail(shop.gateway.operator)
  session = operationsOf(entries)[0]?.session ?? ''
  entryOf = async (statement) =>
    entries.find(({ payloads = [] }) => payloads.some(({ content }) => content === statement))?.index ?? Number.NaN
}, 60_000)
afterAll(() => shop?.close())

/** Runs a command over the folder of the gateway, with another configuration as new.yaml. */
async function policy(line: string[], change: object = {}) {
  const { folder, config } = shop.gateway
  writeFileSync(join(folder, 'new.yaml'), JSON.stringify({ ...config, ...change }))
  const surroundings = testSurroundings({ folder })
  const code = await run(['policy', ...line], surroundings)
  return { code, ...surroundings.printed }
}
const replayed = async (change: object, ...more: string[]) => {
  const { code, out, err } = await policy(['replay', '--with', 'new.yaml', '--json', ...more], change)
  return { code, err, report: JSON.parse(out) }
}

describe('a replay', () => {
  it('changes nothing where the rules are those of then, limits and all', async () => {
    const { code, report } = await replayed({})
    expect(code).toBe(0)
    const { operations } = report
    expect(operations).toBeGreaterThanOrEqual(7)
    expect(report).toMatchObject({ same: operations, changed: 0, untold: 0, otherRules: 0, limitsUnknown: 0, changes: [], unsure: [] })
  })

  it('says what a new rule would refuse, of whom, with examples, from the facts that were recorded', async () => {
    const rule: WrittenRule = {
      name: 'no-salaries',
      effect: 'deny',
      do: ['postgres.read'],
      when: 'sql.columns.output.exists(c, c == "public.people.salary")',
    }
    const { code, report } = await replayed({ rules: [...RULES, rule] })
    expect(code).toBe(6)
    expect(report).toMatchObject({ untold: 0 })
    const [change, ...others] = report.changes
    expect(others).toEqual([])
    // The text is prepared, and each execution is bound: all of them are operations.
    expect(change.count).toBe(report.changed)
    expect(change.count).toBeGreaterThanOrEqual(4)
    expect(change).toMatchObject({
      what: 'operation',
      from: { effect: 'allow', rules: ['may-read'], limits: { rows: 500 } },
      to: { effect: 'deny', rules: ['no-salaries'], limits: null },
      who: [{ issuer: 'github', resource: 'shop', count: change.count }],
      others: 0,
    })
    expect(change.examples).toHaveLength(3)
    expect(change.examples[0]).toMatchObject({
      entry: await entryOf('SELECT salary FROM people WHERE id = $1'),
      session,
      statement: 'SELECT salary FROM people WHERE id = $1',
    })
    const printed = await policy(['replay', '--with', 'new.yaml', '--limit', '1'], { rules: [...RULES, rule] })
    expect(printed.code).toBe(6)
    expect(printed.out).toMatch(
      /allow by may-read -> deny by no-salaries: \d+ times\n {2}\d+ by github \S+ at shop\n {4}entry \d+ #\d+ {2}run_\w+ {2}SELECT salary/,
    )
    expect(printed.err).toContain('judged 0 %')
  })

  it('says what a rule that is gone would let through, and what a new allow would', async () => {
    const { code, report } = await replayed({
      rules: [MAY_READ, MAY_WRITE, { ...MAY_READ, name: 'may-define', do: ['postgres.define'], limits: undefined }],
    })
    expect(code).toBe(6)
    expect(report.changes).toEqual([
      expect.objectContaining({
        count: 1,
        from: expect.objectContaining({ rules: ['no-unbounded-writes'] }),
        to: expect.objectContaining({ rules: ['may-write'] }),
      }),
      expect.objectContaining({
        count: 1,
        from: expect.objectContaining({ effect: 'deny', rules: [] }),
        to: expect.objectContaining({ rules: ['may-define'] }),
      }),
    ])
  })

  it('takes another limit for a change, and another name for none', async () => {
    const limited = await replayed({ rules: [{ ...MAY_READ, limits: { rows: 5 } }, MAY_WRITE, BOUNDED] })
    expect(limited.code).toBe(6)
    expect(limited.report.changes[0]).toMatchObject({
      from: { effect: 'allow', limits: { rows: 500 } },
      to: { effect: 'allow', limits: { rows: 5 } },
    })
    const renamed = await replayed({ rules: [{ ...MAY_READ, name: 'readers' }, MAY_WRITE, BOUNDED] })
    expect(renamed.code).toBe(0)
    expect(renamed.report).toMatchObject({ changed: 0, untold: 0 })
    expect(renamed.report.otherRules).toBeGreaterThan(0)
  })

  it('knows that no session would be opened, or that the resource is gone', async () => {
    const closed = await replayed({ rules: [{ ...MAY_READ, who: { groups: ['github/others'] } }] })
    expect(closed.code).toBe(6)
    expect(closed.report.changes).toContainEqual(
      expect.objectContaining({
        what: 'opening',
        count: 1,
        from: expect.objectContaining({ effect: 'allow' }),
        to: expect.objectContaining({ effect: 'deny' }),
      }),
    )
    expect(closed.report.changes).toContainEqual(
      expect.objectContaining({ what: 'operation', to: expect.objectContaining({ because: 'opening' }) }),
    )
    const { resources } = shop.gateway.config
    const gone = await replayed({ resources: [{ ...resources[0], name: 'other' }] })
    expect(gone.report.changes).toContainEqual(expect.objectContaining({ to: expect.objectContaining({ because: 'resource' }) }))
  })

  it('does not guess the state of a transaction that no rule of then asked for, nor what a session that becomes read-only would refuse', async () => {
    const asks: WrittenRule = { name: 'outside', effect: 'deny', do: ['postgres.delete'], when: 'sql.transaction == "idle"' }
    const { report, code } = await replayed({ rules: [...RULES, asks] })
    expect(report).toMatchObject({ untold: 1, changed: 0, unsure: [{ reason: 'needed', needs: ['sql.transaction'], count: 1 }] })
    expect(code).toBe(0)
    expect((await policy(['replay', '--with', 'new.yaml', '--strict'], { rules: [...RULES, asks] })).code).toBe(1)
    // The settings that pg and the test change have no "read" in their names, so it is certain what they are.
    const readers = await replayed({ rules: [MAY_READ] })
    expect(readers.report.untold).toBe(0)
  })

  it('judges only the time and the resource that is asked for', async () => {
    expect((await replayed({ rules: [] }, '--until', '2026-01-01T00:00:00Z')).report).toMatchObject({ operations: 0, changed: 0 })
    expect((await replayed({ rules: [] }, '--since', '2h')).report.operations).toBeGreaterThanOrEqual(7)
    expect((await replayed({ rules: [] }, '--resource', 'nowhere')).report).toMatchObject({ operations: 0, changed: 0 })
  })

  it('is recorded, and refuses a configuration that could not be put into force', async () => {
    const { report } = await replayed({}, '--resource', 'shop')
    const entries = await readTrail(shop.gateway.operator)
    expect(entries.filter(({ kind }) => kind === 'log.read').map(({ fields }) => fields)).toContainEqual({
      opened: true,
      replay: report.policy,
      resource: 'shop',
      viewer: 'local-operator',
    })
    expect(await policy(['replay', '--with', 'new.yaml'], { rules: [{ ...BOUNDED, when: '!sql.bounden' }] })).toMatchObject({
      code: 78,
      err: expect.stringContaining('The fields here are'),
    })
    expect((await policy(['replay', '--with', 'none.yaml'])).code).toBe(78)
    expect((await policy(['replay'])).code).toBe(2)
  })
})

describe('an entry', () => {
  it('is explained by the rules of then and by those of today, every rule and why', async () => {
    const entry = String(await entryOf('DELETE FROM people'))
    const { code, out } = await policy(['explain', '--entry', entry])
    expect(code).toBe(0)
    expect(out).toMatch(/job github \S+ in github\/repo:acme\/reports/)
    expect(out).toMatch(/#\d+ query\n {4}DELETE FROM people\n {2}does: write \(delete\)\n/)
    expect(out).toContain('sql.writes: [public.people]')
    expect(out).toMatch(/then: deny by no-unbounded-writes\n {2}under sha256:[0-9a-f]{64}\n {4}rule may-read +allow +says nothing: do/)
    expect(out).toMatch(/what is in force: deny by no-unbounded-writes\n/)
    const other = await policy(['explain', '--entry', entry, '--with', 'new.yaml', '--json'], { rules: [MAY_READ, MAY_WRITE] })
    expect(JSON.parse(other.out)).toMatchObject({
      entry: Number(entry),
      session,
      resource: 'shop',
      operations: [
        {
          statement: 'DELETE FROM people',
          decided: { effect: 'deny', rules: ['no-unbounded-writes'] },
          before: { decision: { effect: 'deny' } },
          after: { decision: { effect: 'allow', rules: ['may-write'] } },
          besides: false,
        },
      ],
    })
  })

  it('that holds no operation, or is not there, is refused', async () => {
    expect(await policy(['explain', '--entry', '0'])).toMatchObject({ code: 1, err: expect.stringContaining('GS_GATEWAY_NO_OPERATION') })
    expect((await policy(['explain', '--entry', '999999'])).code).toBe(4)
    expect((await policy(['explain', '--entry', '0', '--on', 'shop'])).code).toBe(2)
    expect((await policy(['explain', '--sql', 'SELECT 1'])).code).toBe(2)
  })
})

describe('where no gateway runs', () => {
  it('the data folder is opened; another configuration is in force by then, and that of then is still known', async () => {
    await shop.gateway.reconfigure({ rules: [MAY_READ] })
    await shop.gateway.stop()
    const { code, report, err } = await replayed({ rules: RULES })
    expect(err).not.toContain('GS_')
    expect(code).toBe(0)
    expect(report).toMatchObject({ changed: 0, untold: 0, same: report.operations, limitsUnknown: 0 })
    const explained = await policy(['explain', '--entry', String(await entryOf('DELETE FROM people')), '--json'])
    expect(JSON.parse(explained.out).operations[0]).toMatchObject({
      before: { decision: { effect: 'deny', rules: ['no-unbounded-writes'] } },
      after: { decision: { effect: 'deny', rules: [] } },
    })
  })

  it('what was erased is counted and not guessed', async () => {
    shop.gateway = await shop.gateway.again()
    await shop.gateway.operator.erase({ scope: { session }, reason: 'request 17' })
    const { code, report } = await replayed({ rules: RULES })
    expect(code).toBe(0)
    expect(report).toMatchObject({ same: 0, changed: 0, untold: report.operations, unsure: [{ reason: 'facts-gone' }] })
    const explained = await policy(['explain', '--entry', String(await entryOf('DELETE FROM people'))])
    expect(explained.out).toMatch(/\(text is gone\)\n {2}then: deny by no-unbounded-writes/)
    expect(explained.out).toContain('cannot be told: Its facts have been erased or pruned.')
  })
})
