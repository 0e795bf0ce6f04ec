import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { run } from './main.ts'

const rules = readFileSync(new URL('../../docs/examples/rules.yaml', import.meta.url), 'utf8')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-policy-'))
  writeFileSync(join(folder, 'gatescribe.yaml'), rules)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function policy(...line: string[]) {
  const surroundings = testSurroundings({ folder })
  const code = await run(['policy', ...line], surroundings)
  return { code, ...surroundings.printed }
}
const file = (name: string, text: string) => writeFileSync(join(folder, name), text)
const cases = (...texts: string[]) =>
  `schema: CREATE TABLE t (id integer)\nwho: { groups: ["github/repo:acme/reports"] }\non: orders-db\ncases:\n${texts.map((text) => `  - ${text}\n`).join('')}`

it('tells a case that comes out differently apart: by its effect, and by the rule', async () => {
  file(
    'c.yaml',
    cases(
      '{ name: right, sql: SELECT id FROM t, expect: allow }',
      '{ name: other effect, sql: SELECT id FROM t, expect: deny }',
      '{ name: other rule, sql: DELETE FROM t, expect: { effect: deny, rule: no-escape-hatches } }',
    ),
  )
  const tested = await policy('test', 'c.yaml')
  expect(tested.code).toBe(5)
  expect(tested.out).toContain('ok    right')
  expect(tested.out).toMatch(/wrong other effect\n.*c\.yaml:6\n {2}expected deny, and it is allow by reports-may-read\n/)
  expect(tested.out).toContain('expected deny by no-escape-hatches, and it is deny by no-unbounded-writes')
  expect(tested.out).toContain('2 of 3 cases do not come out as they say.')
  const json = JSON.parse((await policy('test', 'c.yaml', '--json')).out)
  expect(json).toMatchObject({ ok: false, passed: 1, failed: 2 })
  expect(json.cases[1]).toMatchObject({
    name: 'other effect',
    line: 6,
    passed: false,
    found: { effect: 'allow', rules: ['reports-may-read'] },
  })
  expect(json.cases[1].answer.facts.sql.reads).toEqual(['public.t'])
})

it.each([
  ['cases: []', 'no case'],
  [cases('{ name: a, sql: SELECT 1, expect: maybe }'), 'expect: deny'],
  [cases('{ name: a, sql: SELECT 1, expct: allow }'), 'Did you mean expect?'],
  [cases('{ name: a, sql: SELECT 1, expect: { effect: deny, rule: no-unbounded-write } }'), 'Did you mean no-unbounded-writes?'],
  [cases('{ name: a, on: orders, sql: SELECT 1, expect: allow }'), 'No resource'],
  [cases('{ name: a, sql: SELECT 1, expect: allow }').replace('on: orders-db\n', ''), 'on which resource'],
  [cases('{ name: a, who: { groups: [reports] }, sql: SELECT 1, expect: allow }'), 'issuer/name'],
  [cases('{ name: a, sql: SELECT 1, expect: allow }').replace('CREATE TABLE t (id integer)', 'file:none.sql'), 'cannot be read'],
])('refuses cases that could mean something else, with place and what to write (%#)', async (text, message) => {
  file('c.yaml', text)
  const tested = await policy('test', 'c.yaml')
  expect(tested.code).toBe(78)
  expect(tested.err).toContain(message)
  expect(tested.err).toMatch(/c\.yaml:\d+:\d+/)
})

it('refuses a schema that it would lose something of', async () => {
  file('c.yaml', cases('{ name: a, sql: SELECT 1, expect: allow }').replace('CREATE TABLE t (id integer)', 'DROP TABLE t'))
  expect(await policy('test', 'c.yaml')).toMatchObject({ code: 1, err: expect.stringContaining('GS_SCHEMA_NOT_UNDERSTOOD') })
})

it('does not run cases against rules that are refused', async () => {
  file('gatescribe.yaml', rules.replace('"!sql.bounded"', '"!sql.bounden"'))
  file('c.yaml', cases('{ name: a, sql: SELECT 1, expect: allow }'))
  expect(await policy('test', 'c.yaml')).toMatchObject({ code: 78, err: expect.stringContaining('The fields here are') })
  const checked = await policy('check')
  expect(checked).toMatchObject({ code: 78, out: expect.stringMatching(/gatescribe\.yaml:\d+:\d+: error GS_CONFIG_WRONG_VALUE/) })
})

it('lets what is doubtful pass, but not where CI asks for more', async () => {
  file('gatescribe.yaml', rules.replace('size(sql.writes) > 0 && ', ''))
  expect(await policy('check')).toMatchObject({
    code: 0,
    out: expect.stringContaining('sql.writes.all(…) is true where sql.writes is empty'),
  })
  expect((await policy('check', '--strict')).code).toBe(1)
  expect(JSON.parse((await policy('check', '--strict', '--json')).out)).toMatchObject({ ok: false, warnings: [{ path: 'rules[1].when' }] })
})

it('explains one statement: its facts, every rule, and what keeps a rule from speaking', async () => {
  file('schema.sql', 'CREATE SCHEMA staging; CREATE TABLE staging.daily (id integer);')
  const ask = (sql: string, ...more: string[]) =>
    policy('explain', '--who', 'github/repo:acme/reports', '--on', 'orders-db', '--schema', 'schema.sql', '--sql', sql, ...more)
  const denied = await ask('DELETE FROM staging.daily')
  expect(denied.code).toBe(0)
  expect(denied.out).toMatch(/^deny by no-unbounded-writes\nsays: Add a WHERE/)
  expect(denied.out).toMatch(/sql\.writes: \[staging\.daily\]/)
  expect(denied.out).toMatch(/rule reports-may-read +allow +says nothing: do does not match/)
  expect(denied.out).toMatch(/rule reports-may-fill-staging +allow +permits write \(delete\)/)
  expect(denied.out).toMatch(/rule no-unbounded-writes +deny +denies {2}<- decides/)
  const unknown = await ask('SELECT * FROM nowhere')
  expect(unknown.out).toContain('sql.reads: unknown')
  expect(unknown.out).toMatch(/rule no-contact-data +deny +denies, because sql\.columns is not known/)
  const json = JSON.parse((await ask('SELECT id FROM staging.daily', '--json')).out)
  expect(json).toMatchObject({
    decision: { effect: 'allow', limits: { rows: 100000, time: 60000 } },
    facts: { sql: { reads: ['staging.daily'] } },
  })
})

it('explains with everything that a rule may ask for, and says how to write it', async () => {
  file(
    'gatescribe.yaml',
    rules.replace(
      '"!sql.bounded"',
      'run.repository == "acme/reports" && session.database == "orders" && now < timestamp("2026-01-01T00:00:00Z")',
    ),
  )
  const ask = (...more: string[]) => policy('explain', '--on', 'orders-db', '--sql', 'DELETE FROM t', ...more)
  const known = ['--run', 'repository=acme/reports', '--database', 'orders', '--at', '2025-06-01T00:00:00Z']
  expect((await ask(...known)).out).toContain('deny by no-unbounded-writes')
  expect((await ask(...known.slice(2))).out).toContain('because run.repository is not known')
  for (const [wrong, message] of [
    [['--run', 'repo=x'], 'repository='],
    [['--kind', 'robot'], 'job or person'],
    [['--at', 'tomorrow'], '2026-12-01'],
    [['--schema', 'none.sql'], 'none.sql cannot be read'],
  ] as const) {
    const answer = await ask(...wrong)
    expect(answer.code).not.toBe(0)
    expect(answer.err).toContain(message)
  }
  expect((await policy('explain', '--on', 'nowhere', '--sql', 'x')).err).toContain('the configuration has orders-db')
})

it('explains every mask: whether it holds, and what it refuses', async () => {
  file(
    'gatescribe.yaml',
    `${rules}
masks:
  - { name: contact, columns: [orders.public.t.email], as: redact }
  - { name: of-nobody, columns: [orders.public.t.id], as: redact, except: { groups: ["github/repo:acme/reports"] } }
`,
  )
  file('schema.sql', 'CREATE TABLE t (id integer, email text);')
  const asked = ['--who', 'github/repo:acme/reports', '--on', 'orders-db', '--database', 'orders', '--schema', 'schema.sql', '--sql']
  const explained = await policy('explain', ...asked, 'SELECT id FROM t ORDER BY email')
  expect(explained.out).toMatch(/^deny by mask:contact$/m)
  expect(explained.out).toMatch(/^mask contact +refuses, because a column chooses, orders or groups rows {2}<- decides$/m)
  expect(explained.out).toMatch(/^mask of-nobody +does not hold: it makes an exception$/m)
  expect((await policy('explain', ...asked, 'SELECT email FROM t')).out).toMatch(/^mask contact +holds$/m)
})
