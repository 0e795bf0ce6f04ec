// What understanding SQL costs: a text that is known, one that is new, a long one in a thread, and an honest session beside a hostile one.
import { performance } from 'node:perf_hooks'
import { createCatalog } from '../src/protocols/postgres/catalog/index.ts'
import { declareSnapshot } from '../src/protocols/postgres/declared/index.ts'
import { createUnderstanding, type SqlSession, type Understood } from '../src/protocols/postgres/sql/index.ts'

const DDL = `
create table accounts (aid integer primary key, bid integer, abalance integer, filler text);
create table branches (bid integer primary key, bbalance integer);
create table history (tid integer, bid integer, aid integer, delta integer, mtime timestamp);`

const catalog = createCatalog(await declareSnapshot(DDL))
const understanding = createUnderstanding({ statementBytes: 1024 * 1024 })

function open(): SqlSession {
  return understanding.openSession({
    catalog: { current: catalog, fresh: async () => catalog, stale: () => undefined },
    user: 'bench',
    searchPath: 'public',
    usable: 'all',
    readOnly: false,
    parameters: new Map([
      ['client_encoding', 'UTF8'],
      ['server_encoding', 'UTF8'],
      ['standard_conforming_strings', 'on'],
    ]),
    serverVersion: catalog.serverVersion,
  })
}

const session = open()
await session.understand(Buffer.from('select 1'))
// The threads start by themselves, which is not to be measured here.
await new Promise((resolve) => setTimeout(resolve, 3_000))

/** µs of processor time per call. */
function each(name: string, times: number, call: (n: number) => unknown): void {
  for (let n = 0; n < times / 10; n += 1) call(-n)
  const from = process.cpuUsage()
  for (let n = 0; n < times; n += 1) call(n)
  const { user, system } = process.cpuUsage(from)
  console.log(`${name.padEnd(58)} ${((user + system) / times).toFixed(2).padStart(8)} µs`)
}

const TEXTS = {
  'UPDATE of pgbench': (n: number) => `UPDATE accounts SET abalance = abalance + ${n} WHERE aid = ${n};`,
  'join with aggregates': (n: number) =>
    `SELECT b.bid, count(*), sum(a.abalance) FROM accounts a JOIN branches b ON b.bid = a.bid WHERE a.aid > ${n} GROUP BY b.bid ORDER BY 3 DESC LIMIT 10`,
}
for (const [name, text] of Object.entries(TEXTS)) {
  const known = Buffer.from(text(1))
  session.understand(known)
  each(`known text: ${name}`, 200_000, () => session.understand(known))
  each(`new text each time: ${name}`, 20_000, (n) => session.understand(Buffer.from(text(n))))
}
const before = process.memoryUsage().heapUsed
for (let n = 0; n < 150_000; n += 1) session.understand(Buffer.from(TEXTS['UPDATE of pgbench'](1_000_000 + n)))
console.log(`heap after 150,000 new texts: ${((process.memoryUsage().heapUsed - before) / 1024 / 1024).toFixed(0)} MiB more`)

let base = 0
const long = (n: number) =>
  Buffer.from(`SELECT * FROM accounts WHERE aid IN (${Array.from({ length: 800 }, (_, at) => base + n + at).join(', ')})`)
/** Evidently refused before they reach a thread; the last one is within every bound, and takes the parser seconds. */
const HOSTILE: Record<string, Buffer> = {
  nobody: Buffer.alloc(0),
  "32 KB of '/*'": Buffer.from('/*'.repeat(16 * 1024)),
  "2 KB of '+-'": Buffer.from(`select ${'+-'.repeat(1024)} 1`),
  'a second of subscripts': Buffer.from(`select a${'[1]'.repeat(300_000)}`),
}

for (const [name, bytes] of Object.entries(HOSTILE)) {
  base += 100_000
  for (let n = 0; n < 50; n += 1) await Promise.all([open().understand(long(-n)), open().understand(long(-n - 100))])
  let flooding = true
  let sent = 0
  let slowestRefusal = 0
  const flood = (async () => {
    const hostile = open()
    while (flooding && bytes.length > 0) {
      const from = performance.now()
      const { refusal }: Understood = await hostile.understand(bytes)
      if (refusal === undefined) throw new Error('a hostile text was understood')
      slowestRefusal = Math.max(slowestRefusal, performance.now() - from)
      sent += 1
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const honest = open()
  const took: number[] = []
  for (let n = 0; n < 1_500; n += 1) {
    const text = long(n)
    const from = performance.now()
    const { facts } = await honest.understand(text)
    took.push(performance.now() - from)
    if (!facts.sql?.reads) throw new Error('an honest text was not understood')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  flooding = false
  await flood
  took.sort((a, b) => a - b)
  const at = (share: number) => took[Math.floor(took.length * share)]!.toFixed(1)
  console.log(
    `5 KB in a thread beside ${name.padEnd(24)} p50 ${at(0.5)} p99 ${at(0.99)} max ${took.at(-1)!.toFixed(1)} ms` +
      (sent > 0 ? `; ${sent} hostile texts, the slowest refused in ${slowestRefusal.toFixed(0)} ms` : ''),
  )
}
await understanding.close()
