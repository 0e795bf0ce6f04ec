import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../parts/command.ts'
import { ALLOW_ALL } from '../parts/gateway-config.ts'
import { found, needs } from '../parts/require.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
/** A job that knows of PostgreSQL, and nothing of a gateway. */
let job: string

beforeAll(async () => {
  stage = await openStage({
    gateway: {
      adjust: (config) => {
        config.rules = [ALLOW_ALL, { name: 'no-deletes', effect: 'deny', do: ['postgres.delete'], say: 'Nothing is deleted here.' }]
        config.masks = [{ name: 'mail', on: { resources: ['shop'] }, columns: ['shop.public.customers.email'], as: 'redact' }]
      },
    },
  })
  const { server } = stage.shop
  await server.queryIn(
    { database: 'shop', user: 'postgres' },
    'CREATE TABLE customers (id int, email text); GRANT ALL ON customers TO shop_app',
  )
  await server.queryIn(
    { database: 'shop', user: 'postgres' },
    "INSERT INTO customers VALUES (1, 'ada@example.org'), (2, 'bob@example.org')",
  )
  job = join(stage.folder, 'job.mjs')
  writeFileSync(
    job,
    `import pg from '${join(import.meta.dirname, '../../node_modules/pg/lib/index.js')}'
const client = new pg.Client()
await client.connect()
for (const statement of process.argv.slice(2))
  try {
    console.log(JSON.stringify((await client.query(statement)).rows))
  } catch (error) {
    console.log(error.message)
  }
await client.end()
`,
  )
})
afterAll(() => stage?.close())

const node = (...words: string[]) => ['--', process.execPath, ...words]

it('leads a job to its database that has no line about the gateway, and leaves its streams alone', async () => {
  const ran = await stage.run(node(job, 'SELECT current_user AS me'))
  expect(ran).toMatchObject({ status: 0, stdout: '[{"me":"shop_app"}]\n' })
  expect(ran.stderr).toMatch(/^(gatescribe: .*\n)+$/)
})

it('leads psql there too, by its environment and by a service file', async (test) => {
  needs(test, found('psql'), 'psql (Debian: postgresql-client)')
  const plain = await stage.run(['--', 'psql', '-XAtc', 'SELECT current_user'])
  expect(plain).toMatchObject({ status: 0, stdout: 'shop_app\n' })
  const service = await stage.run([
    '--',
    'env',
    '-u',
    'PGPASSWORD',
    '-u',
    'PGHOST',
    '-u',
    'PGHOSTADDR',
    '-u',
    'PGPORT',
    'psql',
    'service=gatescribe dbname=shop',
    '-XAtc',
    'SELECT 7',
  ])
  expect(service).toMatchObject({ status: 0, stdout: '7\n' })
})

describe('what is said of a run', () => {
  it('is what the trail holds, and is proven by a receipt that its verifier accepts', async () => {
    const { operator } = stage.shop.gateway
    const { keys } = await operator.logKeys()
    const vkey = keys[0]?.vkey ?? ''
    const more = { GITHUB_STEP_SUMMARY: join(stage.folder, 'step.md') }
    const ran = await stage.run(
      [
        '--json',
        'summary.json',
        '--verify-key',
        vkey,
        ...node(job, 'SELECT id, email FROM customers ORDER BY id', 'DELETE FROM customers', 'SELECT 1'),
      ],
      more,
    )
    expect(ran.stdout).toContain('The rule "no-deletes" denies this operation.')
    const summary = JSON.parse(readFileSync(join(stage.folder, 'summary.json'), 'utf8'))
    const held = await cameToInTrail(summary.run)
    expect(summary.resources).toEqual([{ name: 'shop', sessions: 1, sessionsRefused: 0, ...held }])
    expect(held).toMatchObject({ refused: 1, held: 0, masked: 2 })
    expect(summary).toMatchObject({ state: 'ended', exitCode: 0, identity: 'github', receipt: { state: 'verified' } })
    expect(ran.stderr).toContain(`shop: ${held.allowed} allowed, 1 refused, 0 held for approval, 2 values masked`)
    expect(readFileSync(more.GITHUB_STEP_SUMMARY, 'utf8')).toContain(`| \`shop\` | ${held.allowed} | 1 | 0 | 2 |`)
    const verify = join(stage.command, '../gatescribe-verify.js')
    const verified = await runCommand(process.execPath, [verify, '--key', vkey, join(stage.folder, 'gatescribe-receipt.json')])
    expect(verified).toMatchObject({ status: 0, stdout: expect.stringMatching(/verified\n$/) })
  })

  it('does not pass off a receipt that another key has signed', async () => {
    const name = 'gateway.test/tests/main'
    const key = Buffer.concat([Buffer.from([1]), Buffer.alloc(32, 7)])
    const id = createHash('sha256').update(`${name}\n`).update(key).digest('hex').slice(0, 8)
    const ran = await stage.run(['--quiet', '--verify-key', `${name}+${id}+${key.toString('base64')}`, '--', 'true'])
    expect(ran.status).toBe(0)
    expect(ran.stderr).toMatch(/^gatescribe: receipt: .*DOES NOT VERIFY .*\n$/)
  })

  it.each([
    [['--verify-key', 'nobody'], 'not a verifier key: nobody'],
    [['--verify-policy', 'missing.txt'], 'ENOENT'],
  ])('starts no job where nobody can tell whom to trust: %j', async (words, why) => {
    const ran = await stage.run([...words, '--', 'touch', join(stage.folder, 'started')])
    expect(ran).toMatchObject({ status: 125, stderr: expect.stringContaining(why) })
    expect(existsSync(join(stage.folder, 'started'))).toBe(false)
  })
})

async function cameToInTrail(run: string) {
  let [operations, refused, held, masked] = [0, 0, 0, 0]
  const sessions = new Set<unknown>()
  const filter = { from: 0, follow: false, opened: false, filter: {} }
  for await (const { kind, fields } of stage.shop.gateway.operator.trail(filter, new AbortController().signal)) {
    const said = fields as Record<string, never> & {
      ops: unknown[]
      outcomes: [number, string][]
      masked?: [number, string, string, number][]
    }
    if (kind === 'session.open' && said.run === run) sessions.add(said.session)
    if (!sessions.has(said.session)) continue
    if (kind === 'operation.intent') operations += said.ops.length
    if (kind === 'operation.outcome') {
      refused += said.outcomes.filter(([, status]) => status === 'refused').length
      masked += (said.masked ?? []).reduce((sum, [, , , count]) => sum + count, 0)
    }
  }
  return { operations, refused, held, masked, allowed: operations - refused }
}
