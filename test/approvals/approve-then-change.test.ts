import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Agent, ANNEX, codeOf, type Held, Office, type Query, RAN } from './office.ts'

// APR-01, APR-03: what was approved is used for exactly that, once. Each agent asks, is told to come back, and then sends something else.

interface Change {
  readonly what: string
  /** Sent first, in every session; asks by itself. */
  readonly before?: readonly string[]
  readonly text: string
  readonly values?: unknown[]
  /** @returns what is asked for now */
  readonly change: (agent: Agent, table: string, office: Office) => Promise<Held>
  /** Of what is sent, where that is not a query of the text. */
  readonly query?: { readonly name: string }
}

const CHANGES: readonly Change[] = [
  { what: 'one byte of the text', text: 'DELETE FROM T WHERE n = 1', change: ({ ask }, t) => ask(`DELETE FROM ${t} WHERE n = 2`) },
  { what: 'a space', text: 'DELETE FROM T WHERE n = 1', change: ({ ask }, t) => ask(`DELETE FROM ${t} WHERE n = 1 `) },
  { what: 'a second statement', text: 'DELETE FROM T WHERE n = 1', change: ({ ask }, t) => ask(`DELETE FROM ${t} WHERE n = 1; SELECT 1`) },
  {
    what: 'a parameter',
    text: 'DELETE FROM T WHERE n = $1',
    values: [1],
    change: ({ ask }, t) => ask(`DELETE FROM ${t} WHERE n = $1`, [2]),
  },
  {
    what: 'the way it is sent',
    text: 'DELETE FROM T WHERE n = 1',
    change: ({ ask }, t) => ask({ name: 'mine', text: `DELETE FROM ${t} WHERE n = 1` }),
  },
  {
    what: 'search_path',
    text: 'DELETE FROM T WHERE n = 1',
    async change({ send, ask }, t) {
      await send('SET search_path = decoy, public')
      return ask(`DELETE FROM ${t} WHERE n = 1`)
    },
  },
  {
    what: 'the role',
    text: 'DELETE FROM public.T WHERE n = 1',
    async change({ send, ask }, t) {
      await send('SET ROLE other_app')
      return ask(`DELETE FROM public.${t} WHERE n = 1`)
    },
  },
  {
    what: 'a temporary table before it',
    text: 'DELETE FROM T WHERE n = 1',
    async change({ send, ask }, t) {
      await send(`CREATE TEMP TABLE ${t} (n int)`)
      return ask(`DELETE FROM ${t} WHERE n = 1`)
    },
  },
  {
    what: 'how dates are read',
    text: "DELETE FROM T WHERE at = '2/3/2026'",
    async change({ send, ask }, t) {
      await send("SET DateStyle = 'SQL, DMY'")
      return ask(`DELETE FROM ${t} WHERE at = '2/3/2026'`)
    },
  },
  {
    what: 'a setting that an application makes up',
    text: 'DELETE FROM T WHERE n = 1',
    async change({ send, ask }, t) {
      await send("SET App.Tenant = 'two'")
      return ask(`DELETE FROM ${t} WHERE n = 1`)
    },
  },
  {
    what: 'the database',
    text: 'DELETE FROM T WHERE n = 1',
    change: async ({ job }, t, office) => (await office.agent(job, { database: ANNEX })).ask(`DELETE FROM ${t} WHERE n = 1`),
  },
  {
    what: 'what a name was prepared for',
    before: ['PREPARE s AS DELETE FROM T WHERE n = 1'],
    text: 'EXECUTE s',
    async change(agent, t) {
      await agent.send('DEALLOCATE s')
      await approved(agent, `PREPARE s AS DELETE FROM ${t} WHERE n = 2`)
      return agent.ask('EXECUTE s')
    },
  },
  {
    what: 'the name that is executed',
    before: ['PREPARE s AS DELETE FROM T WHERE n = 1', 'PREPARE r AS DELETE FROM T WHERE n = 2'],
    text: 'EXECUTE s',
    change: ({ ask }) => ask('EXECUTE r'),
  },
  {
    what: 'what a driver prepared under a name',
    text: 'DELETE FROM T WHERE n = $1',
    values: [1],
    query: { name: 'mine' },
    async change({ client, send, ask }, t) {
      await send('DEALLOCATE mine')
      const { parsedStatements } = (client as unknown as { connection: { parsedStatements: Record<string, string> } }).connection
      delete parsedStatements.mine
      return ask({ name: 'mine', text: `DELETE FROM ${t} WHERE n + 0 = $1`, values: [1] })
    },
  },
]

let office: Office
let reader: Agent
let asked: Promise<{ agent: Agent; table: string; id: string }>[]
beforeAll(async () => {
  office = await Office.open()
  const { server } = office.shop
  await server.query('CREATE ROLE other_app; GRANT other_app TO shop_app')
  reader = await office.agent()
  const annex = await office.agent(undefined, { database: ANNEX })
  for (const at of CHANGES.keys()) {
    for (const agent of [reader, annex]) {
      await agent.send(`CREATE TABLE t${at} (n int, at date); INSERT INTO t${at} VALUES (1, '2026-02-03'), (2, '2026-03-02')`)
    }
  }
  await reader.send('CREATE SCHEMA decoy')
  // All at once: each waits for as long as a connection is held.
  asked = CHANGES.map(async (change, at) => {
    const table = `t${at}`
    const agent = await open(change, table)
    const { id, result } = await agent.ask(...queryOf(change, table))
    expect(codeOf(await result)).toBe('GS_APPROVAL_PENDING')
    return { agent, table, id }
  })
  await Promise.all(asked)
})
afterAll(() => office?.close())

const spelled = (text: string, table: string) => text.replaceAll('T ', `${table} `)

async function approved(agent: Agent, text: string): Promise<void> {
  const { id, result } = await agent.ask(text)
  await office.approve(id)
  expect(codeOf(await result)).toBe('it ran')
}

async function open({ before = [] }: Change, table: string, job?: Agent['job']): Promise<Agent> {
  const agent = await office.agent(job)
  for (const text of before) await approved(agent, spelled(text, table))
  return agent
}

function queryOf({ text, values, query }: Change, table: string): [Query, unknown[] | undefined] {
  return query ? [{ ...query, text: spelled(text, table), ...(values && { values }) }, undefined] : [spelled(text, table), values]
}

const rows = (table: string) => reader.send(`SELECT n FROM ${table}`)

it.each(CHANGES.map((change, at) => [change.what, change, at] as const))(
  'does not hold once this is another: %s',
  async (_, change, at) => {
    const { agent, table, id } = await asked[at]!
    await office.approve(id)
    const other = await change.change(agent, table, office)
    expect(other.id).not.toBe(id)
    expect(await office.request(other.id)).toMatchObject({ state: 'pending' })
    expect(await rows(table)).toMatchObject({ rows: [{ n: 1 }, { n: 2 }] })
    expect((await (await office.person('bob')).decide(other.id, 'deny')).status).toBe(200)
    expect(codeOf(await other.result)).toBe('GS_APPROVAL_DENIED')
    expect(await office.story(other.id)).toEqual(['approval.asked', 'approval.decided deny'])
    // As it was approved it runs, in another session of the run that is as that one was; once.
    const same = await open(change, table, agent.job)
    expect(codeOf(await same.send(...queryOf(change, table)))).toBe('it ran')
    expect(await office.story(id)).toEqual(RAN)
    const replayed = await same.ask(...queryOf(change, table))
    expect(replayed.id).not.toBe(id)
    same.die()
  },
)

it('is of one run: another one that sends the same asks for itself', async () => {
  const [one, other] = [await office.agent(), await office.agent()]
  const [first, second] = [await one.ask('DELETE FROM t0'), await other.ask('DELETE FROM t0')]
  expect(second.id).not.toBe(first.id)
  await office.approve(first.id)
  expect(codeOf(await first.result)).toBe('it ran')
  expect(await office.request(second.id)).toMatchObject({ state: 'pending' })
  other.die()
})

it('is used by one of two sessions of a run that wait for the same', async () => {
  const one = await office.agent()
  const other = await office.agent(one.job)
  const [first, second] = [await one.ask('DELETE FROM t0'), await other.ask('DELETE FROM t0')]
  expect(second.id).toBe(first.id)
  await office.approve(first.id)
  const codes = [codeOf(await first.result), codeOf(await second.result)].sort()
  expect(codes).toEqual(['GS_APPROVAL_USED', 'it ran'])
  expect((await office.story(first.id)).filter((said) => said === 'approval.used')).toHaveLength(1)
})

it('holds while others change something else, and not once they change what its names stand for', async () => {
  const [one, other] = [await office.agent(), await office.agent()]
  const held = await one.ask('DELETE FROM t0')
  await reader.send('CREATE TABLE beside (n int)')
  await reader.send('SELECT * FROM beside')
  await office.approve(held.id)
  expect(codeOf(await held.result)).toBe('it ran')
  const moved = await other.ask('DELETE FROM t0')
  await reader.send('ALTER TABLE t0 RENAME TO kept; CREATE VIEW t0 AS SELECT * FROM kept')
  await reader.send('SELECT * FROM t0')
  await office.approve(moved.id)
  expect(codeOf(await moved.result)).toBe('GS_APPROVAL_VOID')
  expect(await office.story(moved.id)).toEqual(['approval.asked', 'approval.decided approve', 'approval.ended void changed'])
})

it('has left a log that verifies', async () => {
  expect(await office.verify()).toMatch(/verified\n$/)
})
