import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { found, needs } from '../parts/require.ts'
import { pythonWithDrivers } from '../postgres/differential/python.ts'
import { codeOf, idIn, Office, RAN, RULES } from './office.ts'
import { CTRL_C, type Said, Terminal } from './terminal.ts'

// What agents see of it, with the clients that they use.

const COPYING = { name: 'one-for-copies', effect: 'ask', do: ['postgres.copy from'], approvers: { groups: ['okta/sre'] } } as const
const PYTHON = 'Python’s PostgreSQL drivers (.ci/suites/05-postgres-clients installs them)'
const python = pythonWithDrivers()

/** docs/approvals.md shows it so. */
function expectOnPage(text: string): void {
  const page = readFileSync(join(import.meta.dirname, '../../docs/approvals.md'), 'utf8')
  expect(page).toContain(text.replaceAll(office.url, 'https://gw.example.org:8445').replaceAll(/apr_[a-z0-9]+/g, 'apr_…'))
}

let office: Office
const terminals: Terminal[] = []
beforeAll(async () => {
  office = await Office.open({ config: { rules: [...RULES, COPYING] } })
  const agent = await office.agent()
  await agent.send('CREATE TABLE ledger (n int)')
  await agent.send('INSERT INTO ledger SELECT generate_series(1, 100)')
})
afterAll(async () => {
  await Promise.all(terminals.map((terminal) => terminal.close()))
  await office?.close()
})

async function start(...command: string[]): Promise<Terminal> {
  const settings = office.shop.clientOf(await office.shop.gateway.credential())
  const terminal = new Terminal({ command, settings })
  terminals.push(terminal)
  return terminal
}
const psycopg = (...words: string[]) => start(python!, 'psycopg_agent.py', ...words)
const asyncpg = () => start(python!, 'asyncpg_agent.py')

/** What is said first of something that a person is asked for. */
async function notice(terminal: Terminal): Promise<Said & { readonly id: string }> {
  const said = await terminal.said()
  return { ...said, id: idIn(said.notice) }
}

describe('psql', () => {
  it('shows at once where the statement can be approved, and runs it once it is', async (test) => {
    const program = found('psql')
    needs(test, program, 'psql (Debian: postgresql-client)')
    const psql = await start(program, '-X')
    psql.tell('SELECT 41 + 1;')
    await psql.until(/42/)
    const began = performance.now()
    psql.tell('DELETE FROM ledger WHERE n = 1;')
    const told = await psql.until(/HINT/)
    expect(performance.now() - began).toBeLessThan(1_000)
    const id = idIn(told)
    expect(told.trim().split('\n').slice(-3)).toEqual([
      `NOTICE:  Waiting for a person to approve this: ${office.url}/approvals/${id}`,
      `DETAIL:  Held for approval ${id}.`,
      'HINT:  It runs as soon as it is approved. Cancel it to withdraw the request.',
    ])
    expectOnPage(told.trim().split('\n').slice(-3).join('\n'))
    await office.approve(id)
    await psql.until(/^DELETE 1$/)
    expect(await office.story(id)).toEqual(RAN)
  })

  it('withdraws it by Ctrl-C, and goes on', async (test) => {
    const program = found('psql')
    const script = found('script')
    needs(test, program && script, 'psql and script (Debian: postgresql-client, bsdutils)')
    // On a terminal, where a script of psql would end with it.
    const psql = await start(script, '-qec', `${program} -Xn -v VERBOSITY=verbose -P pager=off`, '/dev/null')
    psql.tell('DELETE FROM ledger WHERE n = 2;')
    const id = idIn(await psql.until(/HINT/))
    psql.press(CTRL_C)
    await psql.until(/ERROR: {2}57014: canceling statement due to user request/)
    psql.tell('SELECT count(*) FROM ledger WHERE n = 2;')
    await psql.until(/^ +1\r?$/)
    expect(await office.story(id)).toEqual(['approval.asked', 'approval.ended withdrawn cancelled'])
  })
})

describe('drivers', () => {
  it('wait for the answer, and are told of it', async (test) => {
    needs(test, python, PYTHON)
    for (const [at, agent] of [await psycopg('autocommit'), await asyncpg()].entries()) {
      const text = `DELETE FROM ledger WHERE n = ${10 + at}`
      agent.tell({ do: 'execute', text })
      const { id, ...said } = await notice(agent)
      expect(said).toEqual({
        notice: `Waiting for a person to approve this: ${office.url}/approvals/${id}`,
        detail: `Held for approval ${id}.`,
        hint: 'It runs as soon as it is approved. Cancel it to withdraw the request.',
      })
      await office.approve(id)
      expect(await agent.said()).toEqual({ came: ['DELETE 1'] })
      expect(await office.story(id)).toEqual(RAN)
      agent.tell({ do: 'execute', text })
      const again = await notice(agent)
      await (await office.person('ada')).decide(again.id, 'deny')
      expect(await agent.said()).toEqual({
        error: '42501',
        message: 'A person said no to this operation.',
        detail: 'Refused by rule "one-for-deletions" (GS_APPROVAL_DENIED).',
        hint: 'Do not retry or rephrase it: it stays denied for this run. Do the task another way, or report it.',
      })
    }
  })

  it('come back with their ticket once they have waited for long enough', async (test) => {
    needs(test, python, PYTHON)
    const byPython = async (agent: Terminal, asked: object, first = '') => {
      agent.tell(asked)
      const { id } = await notice(agent)
      const told = await agent.said()
      expect(told).toEqual({
        error: '42501',
        message: `Held for approval ${id}: a person decides at ${office.url}/approvals/${id}`,
        detail: 'Refused by rule "one-for-deletions" (GS_APPROVAL_PENDING).',
        hint: `${first}Run the same statement again once it is approved; do not rephrase it.`,
      })
      if (first === '') expectOnPage(`ERROR:  ${told.message}\nDETAIL:  ${told.detail}\nHINT:  ${told.hint}`)
      await office.approve(id)
      agent.tell(asked)
      expect(await agent.said()).toEqual({ came: ['DELETE 1'] })
      expect(await office.story(id)).toEqual(RAN)
    }
    const byNode = async () => {
      const agent = await office.agent()
      const { id, result } = await agent.ask('DELETE FROM ledger WHERE n = $1', [22])
      expect(codeOf(await result)).toBe('GS_APPROVAL_PENDING')
      await office.approve(id)
      expect(await agent.send('DELETE FROM ledger WHERE n = $1', [22])).toMatchObject({ rowCount: 1 })
      expect(await office.story(id)).toEqual(RAN)
    }
    const [one, other] = [await psycopg('autocommit'), await asyncpg()]
    await Promise.all([
      byPython(one, { do: 'execute', text: 'DELETE FROM ledger WHERE n = %s', values: [20] }),
      // It prepares, and waits for that, before the Sync of what it executes: for five seconds at most.
      byPython(
        other,
        { do: 'execute', text: 'DELETE FROM ledger WHERE n = $1', values: [21] },
        'What was sent together with it is rolled back too. ',
      ),
      byNode(),
    ])
  })

  it('that begin a transaction by themselves wait for five seconds, and repeat it from its beginning', async (test) => {
    needs(test, python, PYTHON)
    const repeats = async (agent: Terminal, text: string, begin?: object) => {
      const steps = [...(begin ? [begin] : []), { do: 'execute', text: 'INSERT INTO ledger VALUES (1000)' }]
      const first = async () => {
        for (const step of steps) {
          agent.tell(step)
          expect(await agent.said()).toHaveProperty('came')
        }
        agent.tell({ do: 'execute', text })
      }
      await first()
      const began = performance.now()
      const { id } = await notice(agent)
      const told = await agent.said()
      expect(performance.now() - began).toBeLessThan(9_000)
      expect(told).toMatchObject({ error: '42501', detail: expect.stringContaining('GS_APPROVAL_PENDING') })
      expect(told.hint).toMatch(/^Your transaction is rolled back. Once it is approved, repeat it from BEGIN, word for word/)
      agent.tell({ do: 'execute', text: 'SELECT 1' })
      expect(await agent.said()).toMatchObject({ error: '25P02' })
      agent.tell({ do: 'rollback' })
      await agent.said()
      await office.approve(id)
      await first()
      expect(await agent.said()).toEqual({ came: ['DELETE 1'] })
      agent.tell({ do: 'commit' })
      await agent.said()
      expect(await office.story(id)).toEqual(RAN)
    }
    const [one, other] = [await psycopg(), await asyncpg()]
    await Promise.all([repeats(one, 'DELETE FROM ledger WHERE n = 30'), repeats(other, 'DELETE FROM ledger WHERE n = 31', { do: 'begin' })])
    expect(await office.agent().then(({ send }) => send('SELECT count(*)::int FROM ledger WHERE n = 1000'))).toMatchObject({
      rows: [{ count: 2 }],
    })
  })

  it('that send several before they wait ask once, for all of it', async (test) => {
    needs(test, python, PYTHON)
    const agent = await psycopg('autocommit')
    const statements = [40, 41, 42].map((n) => ['DELETE FROM ledger WHERE n = %s', [n]])
    statements.splice(1, 0, ['INSERT INTO ledger VALUES (%s)', [2_000]])
    agent.tell({ do: 'pipeline', statements })
    const { id } = await notice(agent)
    const { content } = await office.shop.gateway.operator.approval(id)
    expect(content?.parts.map(({ label }) => label).filter((label) => label === 'parameters')).toHaveLength(4)
    await office.approve(id)
    expect(await agent.said()).toEqual({ came: ['DELETE 1', 'INSERT 0 1', 'DELETE 1', 'DELETE 1'] })
    expect((await office.story(id)).slice(0, 3)).toEqual(RAN.slice(0, 3))
    agent.tell({ do: 'pipeline', statements })
    const again = await notice(agent)
    await (await office.person('bob')).decide(again.id, 'deny')
    expect(await agent.said()).toMatchObject({ error: '42501', detail: expect.stringContaining('GS_APPROVAL_DENIED') })
    expect(await office.agent().then(({ send }) => send('SELECT count(*)::int FROM ledger WHERE n = 2000'))).toMatchObject({
      rows: [{ count: 1 }],
    })
  })
})

describe('COPY … FROM STDIN', () => {
  const copy = { do: 'copy', text: 'COPY ledger FROM STDIN', rows: [[3_000], [3_001]] }

  it('asks nobody where its content cannot be seen', async (test) => {
    needs(test, python, PYTHON)
    const agent = await psycopg('autocommit')
    agent.tell(copy)
    expect(await agent.said()).toMatchObject({ error: '42501', detail: expect.stringContaining('GS_APPROVAL_UNAVAILABLE') })
    agent.tell({ do: 'execute', text: 'SELECT 1' })
    expect(await agent.said()).toEqual({ came: ['SELECT 1'] })
  })

  it('is approved unseen where the rule says so', async (test) => {
    needs(test, python, PYTHON)
    await office.shop.gateway.reconfigure({ rules: [...RULES, { ...COPYING, stream: true }] } as never)
    const agent = await psycopg('autocommit')
    agent.tell(copy)
    const { id } = await notice(agent)
    expect(await office.request(id)).toMatchObject({ stream: true })
    await office.approve(id)
    expect(await agent.said()).toEqual({ came: ['COPY 2'] })
    expect(await office.story(id)).toEqual(RAN)
  })
})

it('has left a log that verifies', async () => {
  expect(await office.verify()).toMatch(/verified\n$/)
})
