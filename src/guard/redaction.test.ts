import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { UNLIMITED } from '../../test/parts/unlimited.ts'
import type { Decision, Operation, PostgresResource, Run } from '../operations/index.ts'
import type { EntryFields, StoredEntry } from '../trail/index.ts'
import { createGuard, type Guard, type Session } from './index.ts'

const run: Run = { id: 'run_1', principal: { kind: 'job', issuer: 'ci', subject: 'repo:1', groups: [] }, facts: {}, startedAt: 0 }
const resource: PostgresResource = {
  name: 'orders-db',
  kind: 'postgres',
  tags: [],
  host: '127.0.0.1',
  port: 5432,
  hosts: [],
  aliases: [],
  databases: new Map(),
}
const allow: Decision = Object.freeze({ effect: 'allow', rules: ['may'], policy: 'sha256:1' })
const CREDENTIAL = 'gs_pg_0123456789abcdefghjkmnpqrstvwxyz0123456'

let at: TestTrail
let guard: Guard<string, string>
beforeEach(async () => {
  at = new TestTrail()
  const live = { id: 'ses_1', signal: new AbortController().signal, draining: new AbortController().signal }
  guard = createGuard<string, string>({
    policy: () => ({
      digest: 'sha256:1',
      decide: () => allow,
      withoutRules: () => allow,
      mayOpen: () => true,
      couldPermit: () => new Set(['session']),
      couldAllow: () => true,
      usesTransaction: false,
      asks: false,
    }),
    runs: {
      openSession: () => ({
        ...live,
        budget: UNLIMITED,
        count: () => {},
        spent: () => {},
        end: () => {},
        close: () => {},
        recorded: () => {},
      }),
    },
    trail: await at.open({ segmentBytes: 1024 * 1024 }),
    connect: async () => ({ target: 'connected', credential: { name: 'reader', version: 1 } }),
    now: () => 0,
  })
})
afterEach(() => at.remove())

const query = (text: string): Operation => ({ protocol: 'postgres', form: 'query', statement: { text: Buffer.from(text) } })

/** A Bind of text parameters. */
const bind = (statement: Operation['statement'], ...values: string[]): Operation => {
  const parts = values.flatMap((value) => [Buffer.from([0, 0, 0, value.length]), Buffer.from(value)])
  const parameters = Buffer.concat([Buffer.from([0, 0, 0, values.length]), ...parts, Buffer.from([0, 0])])
  return { protocol: 'postgres', form: 'bind', statement, parameters }
}

const open = () => guard.open(run, resource, { address: '127.0.0.1:5', tls: true, user: 'somebody' })

const admit = (session: Session<string, string>, ...operations: Operation[]) =>
  new Promise((answered) =>
    guard.admit(
      session,
      operations.map((operation) => ({ operation, decision: allow })),
      answered,
    ),
  )

/** What an entry of this kind says was redacted, and its payloads. */
const told = (entries: readonly StoredEntry[], kind: string) =>
  entries
    .filter((entry) => entry.kind === kind)
    .map((entry) => ({
      redacted: (entry.fields as EntryFields).redacted,
      payloads: Object.fromEntries(entry.payloads().map(({ name, content }) => [name, Buffer.from(content ?? []).toString('latin1')])),
    }))

const mark = (kind: string) => Buffer.from(`«redacted:${kind}»`).toString('latin1')

it('stores a statement without its password, and the intent says what was taken out', async () => {
  const session = await open()
  await admit(session, query("ALTER ROLE bob PASSWORD 'hunter2'"), query('SELECT 1'))
  expect(told(await at.entries(), 'operation.intent')).toEqual([
    {
      redacted: [['statement.1', 'password', 1]],
      payloads: { 'statement.1': `ALTER ROLE bob PASSWORD '${mark('password')}'`, 'statement.2': 'SELECT 1' },
    },
  ])
})

it('says nothing of redaction where there was nothing to take out', async () => {
  const session = await open()
  const statement = { text: Buffer.from('SELECT password FROM users WHERE id = $1') }
  await admit(session, bind(statement, '7'), bind(statement, '8'))
  const entries = await at.entries()
  expect(told(entries, 'operation.intent').map(({ redacted }) => redacted)).toEqual([undefined])
  expect(told(entries, 'session.open').map(({ redacted }) => redacted)).toEqual([undefined])
})

it('tells statements apart by what the client sent, not by what is left of it', async () => {
  const session = await open()
  for (const password of ['one', 'two', 'one']) await admit(session, query(`ALTER ROLE bob PASSWORD '${password}'`))
  const entries = (await at.entries()).filter(({ kind }) => kind === 'operation.intent')
  expect(entries.map(({ fields }) => (fields.ops as number[][]).map(([, statement]) => statement))).toEqual([[1], [2], [1]])
})

it('redacts the parameters that the statement makes secret, at every execution and also after the statement was recorded', async () => {
  const session = await open()
  const statement = { text: Buffer.from('UPDATE users SET password = $1 WHERE name = $2') }
  await admit(session, { protocol: 'postgres', form: 'prepare', statement })
  await admit(session, bind(statement, 'hunter2', 'bob'))
  await admit(session, bind({ text: Buffer.from(statement.text) }, 'hunter3', 'ann'))
  const intents = told(await at.entries(), 'operation.intent')
  expect(intents.map(({ redacted }) => redacted)).toEqual([
    undefined,
    [['parameters.2', 'parameter', 1]],
    [['parameters.3', 'parameter', 1]],
  ])
  for (const [at, name] of ['bob', 'ann'].entries()) {
    const parameters = intents[at + 1]?.payloads[`parameters.${at + 2}`] ?? ''
    expect(parameters).toContain(mark('parameter'))
    expect(parameters).toContain(name)
    expect(parameters).not.toContain('hunter')
  }
})

it('keeps nothing of a statement in doubt', async () => {
  const session = await open()
  await admit(session, query("ALTER ROLE bob PASSWORD 'hunter2"))
  expect(told(await at.entries(), 'operation.intent')).toEqual([
    { redacted: [['statement.1', 'statement', 1]], payloads: { 'statement.1': mark('statement') } },
  ])
})

it('records that a credential of ours was seen, in statements, parameters and doubt, never its value', async () => {
  const session = await open()
  await admit(session, query(`SELECT '${CREDENTIAL}'`), bind({ text: Buffer.from('SELECT $1') }, CREDENTIAL))
  await admit(session, query(`ALTER ROLE bob PASSWORD '${CREDENTIAL}`))
  const entries = await at.entries()
  expect(entries.filter(({ kind }) => kind === 'credential.leaked').map(({ fields }) => fields)).toEqual([
    { session: 'ses_1', credential: 'pg', in: 'statement.1' },
    { session: 'ses_1', credential: 'pg', in: 'parameters.2' },
    { session: 'ses_1', credential: 'pg', in: 'statement.3' },
  ])
  const everything = entries.flatMap((entry) => [entry.bytes, ...entry.payloads().map(({ content }) => content ?? Buffer.alloc(0))])
  expect(Buffer.concat(everything).includes(CREDENTIAL.slice(8, 20))).toBe(false)
})

it('redacts what the client says of itself', async () => {
  await guard.open(run, resource, { address: '127.0.0.1:5', tls: true, user: CREDENTIAL, application: 'psql password=hunter2' })
  // What is noted is read once it is durable.
  await new Promise<void>((durable) => at.trail?.whenDurable(() => durable()))
  const entries = await at.entries()
  const [opened] = told(entries, 'session.open')
  expect(opened?.redacted).toEqual([
    ['client', 'pg-credential', 1],
    ['client', 'password', 1],
  ])
  expect(opened?.payloads.client).not.toMatch(/hunter2|0123456789/)
  expect(entries.at(-1)).toMatchObject({ kind: 'credential.leaked', fields: { session: 'ses_1', credential: 'pg', in: 'client' } })
})

it('fits into an entry when everything of a read had to be redacted, in several ways each', async () => {
  const session = await open()
  const several = `password=hunter2 postgres://a:hunter2@h ${CREDENTIAL} Authorization: Bearer abcdef AKIAIOSFODNN7EXAMPLE`
  const operations = Array.from({ length: 128 }, (_, each) => bind({ text: Buffer.from(`SELECT ${each}, '${several}', $1`) }, several))
  await admit(session, ...operations)
  const entries = await at.entries()
  expect(entries.filter(({ kind }) => kind === 'gap')).toEqual([])
  const [intent] = told(entries, 'operation.intent')
  expect(intent?.redacted).toHaveLength(128 * 2 * 3)
  expect(JSON.stringify(intent)).not.toContain('hunter2')
})
