// What a decision costs with 50 rules, five of them with a condition.
//
//   node tools/node/run.js bench/policy.ts [--seconds 1] [--json]
import { parseArgs } from 'node:util'
import type { Facts, Operation } from '../src/operations/index.ts'
import { type Asker, createPolicy, type Rule } from '../src/policy/index.ts'

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } } })
const SECONDS = Number(options.seconds)

const conditions = [
  'size(sql.writes) > 0 && sql.writes.all(t, t.startsWith("staging."))',
  '!sql.bounded',
  'sql.columns.output.exists(c, c.matches("^shop[.]customers[.](email|phone)$"))',
  'run.repository == "acme/reports" && session.database in ["orders", "billing"]',
  'sql.statements > 1 || "shop.secrets" in sql.reads',
]
const effects = ['allow', 'deny', 'deny', 'allow', 'deny'] as const

/** @param about how many of the 45 rules without condition are about the asker */
function rulesFor(about: number): Rule[] {
  const plain = Array.from({ length: 45 }, (_, at): Rule => {
    const group = at < about ? 'github/repo:acme/reports' : `github/repo:acme/other-${at}`
    const effect = at % 3 === 2 ? 'deny' : 'allow'
    return {
      name: `plain-${at}`,
      effect,
      who: { groups: [group] },
      do: effect === 'deny' ? ['postgres.admin', 'postgres.opaque'] : ['postgres.read'],
    }
  })
  const conditional = conditions.map(
    (when, at): Rule => ({ name: `when-${at}`, effect: effects[at] ?? 'allow', do: ['postgres.read', 'postgres.write'], when }),
  )
  return [...plain, ...conditional]
}

const asker = (): Asker => ({
  principal: { kind: 'job', issuer: 'github', subject: 'repo:acme/reports', groups: ['github/repo:acme/reports', 'github/ref:main'] },
  resource: { name: 'orders-db', kind: 'postgres', tags: ['prod', 'pii'] },
  run: { id: 'run_1', facts: { repository: 'acme/reports' } },
  session: { id: 'ses_1', database: 'orders' },
})
const facts = (): Facts => ({
  effects: [
    { class: 'read', action: 'select' },
    { class: 'write', action: 'insert' },
  ],
  sql: {
    statements: 1,
    reads: ['shop.customers', 'shop.orders'],
    writes: ['staging.daily'],
    columns: { output: ['shop.customers.id', 'shop.orders.total'], predicate: ['shop.orders.placed'], written: ['staging.daily.total'] },
    functions: ['pg_catalog.sum'],
    bounded: true,
  },
})
const text = Buffer.from('INSERT INTO staging.daily SELECT …')
const operationOf = (known: Facts): Operation => ({ protocol: 'postgres', form: 'bind', statement: { text }, facts: known })

interface Row {
  readonly work: string
  readonly nanoseconds: number
  readonly bytesEach: number | undefined
}

/** The median of five rounds; `bytesEach` is what the heap grew by, where nothing was collected. */
function measure(work: string, does: () => unknown): Row {
  for (let warm = 0; warm < 20_000; warm++) does()
  const rounds = [1, 2, 3, 4, 5].map(() => {
    let times = 0
    const started = performance.now()
    let now = started
    while (now < started + (SECONDS * 1000) / 5) {
      for (let each = 0; each < 1000; each++) does()
      times += 1000
      now = performance.now()
    }
    return ((now - started) / times) * 1e6
  })
  const before = process.memoryUsage().heapUsed
  for (let each = 0; each < 5000; each++) does()
  const grown = process.memoryUsage().heapUsed - before
  // Less than before: something was collected meanwhile, and it says nothing.
  const bytesEach = grown < 0 ? undefined : Math.round(grown / 5000)
  return { work, nanoseconds: Math.round(rounds.sort((a, b) => a - b)[2] as number), bytesEach }
}

const rows: Row[] = []
for (const about of [3, 45]) {
  const policy = createPolicy(rulesFor(about))
  const who = asker()
  const known = operationOf(facts())
  const name = `50 rules, ${about + 5} about the asker`
  const answer = policy.decide(who, known, 0)
  if (answer.effect !== 'allow') throw new Error(`the bench measures an operation that is not allowed: ${answer.rules}`)
  rows.push(measure(`${name}: the same operation again`, () => policy.decide(who, known, 0)))
  rows.push(measure(`${name}: facts never seen`, () => policy.decide(who, operationOf(facts()), 0)))
  rows.push(measure(`${name}: a new session`, () => policy.decide(asker(), known, 0)))
}
const bare = createPolicy([{ name: 'a', effect: 'allow', do: ['postgres.*'] }])
const who = asker()
rows.push(measure('one rule without condition: facts never seen', () => bare.decide(who, operationOf(facts()), 0)))

if (options.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
else {
  const width = Math.max(...rows.map(({ work }) => work.length))
  for (const { work, nanoseconds, bytesEach } of rows) {
    process.stdout.write(
      `${work.padEnd(width)}  ${(nanoseconds / 1000).toFixed(2).padStart(7)} µs  ${String(bytesEach ?? '?').padStart(6)} bytes\n`,
    )
  }
}
