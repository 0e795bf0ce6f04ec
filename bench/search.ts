// How long the first page of a search takes, and what the index costs.
//
//   node tools/node/run.js bench/search.ts [--entries 1000000] [--folder <on the disk to measure>] [--keep] [--rounds 20] [--json]
//
// The log is synthetic: runs with sessions that live side by side, statements that are prepared once and executed again with parameters, some of
// which are new each time, some operations denied. Entries are derived and written through the same code as a gateway's, without a log on
// the disk beside it: what reading one entry of that costs is measured on its own. --keep leaves the index in the folder, to measure again.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Delta, Deriver, Facts, type SearchIndex, type SearchQuery, search, Terms } from '../src/search/index.ts'
import { openSearchIndex } from '../src/store/index.ts'
import type { EntryFields, StoredEntry } from '../src/trail/index.ts'

const { values: options } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    folder: { type: 'string' },
    keep: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
})
const ENTRIES = Number(options.entries)
const ROUNDS = Number(options.rounds)
const SESSIONS = Math.max(20, Math.round(ENTRIES / 500))
const SESSIONS_PER_RUN = 10
const RESOURCES = 50
const TABLES = 300
const LIVE = 100
const STARTED = Date.UTC(2026, 0, 1)
/** ms between entries. */
const APART = 40
const KEYLESS = { salt: new Uint8Array(32) }

/** The n-th entry, from nothing but n and the state of the session whose turn it is: the same log every time. */
class SyntheticLog {
  readonly #live: { session: number; n: number; phase: number }[] = []
  #opened = 0
  #random = 0x2545f491

  next(index: number): StoredEntry {
    const at = new Date(STARTED + index * APART).toISOString().replace('Z', '000000Z')
    const { kind, fields, payloads } = this.#turn()
    const bytes = Buffer.from(JSON.stringify({ at, id: `7f3a9c21b0.${index}`, kind, ...fields }))
    return {
      index,
      id: `7f3a9c21b0.${index}`,
      kind,
      at,
      fields,
      commitments: {},
      bytes,
      payloads: () => payloads.map(([name, text]) => ({ ...KEYLESS, name, key: this.#key(fields), content: Buffer.from(text) })),
    }
  }

  #key({ session = 'ses_0', run }: EntryFields): string {
    return createHash('sha256')
      .update(String(run ?? session))
      .digest('hex')
      .slice(0, 16)
  }

  #turn(): { kind: StoredEntry['kind']; fields: EntryFields; payloads: [string, string][] } {
    if (this.#live.length < LIVE && this.#opened < SESSIONS) this.#live.push({ session: this.#opened++, n: 0, phase: -2 })
    const place = this.#dice(this.#live.length)
    const turn = this.#live[place] as { session: number; n: number; phase: number }
    const session = `ses_${String(turn.session).padStart(16, '0')}`
    const run = `run_${String(Math.floor(turn.session / SESSIONS_PER_RUN)).padStart(16, '0')}`
    const who = { pseudonym: `who${Math.floor(turn.session / SESSIONS_PER_RUN / 5)}`.padEnd(22, '0'), kind: 'job', proof: 'proven' }
    turn.phase++
    if (turn.phase === -1) {
      if (turn.session % SESSIONS_PER_RUN > 0) turn.phase++
      else
        return {
          kind: 'run.start',
          fields: { run, who },
          payloads: [['run', `{"subject":"repo:acme/app${turn.session % 400}","attempt":"1"}`]],
        }
    }
    if (turn.phase === 0) {
      const fields = { session, run, who, resource: `resource-${turn.session % RESOURCES}`, protocol: 'postgres', effect: 'allow' }
      return { kind: 'session.open', fields, payloads: [['client', `{"address":"10.0.${turn.session % 250}.7:${turn.session % 60000}"}`]] }
    }
    // The last session of all goes on to the end.
    if (turn.n >= 240 && (this.#opened < SESSIONS || this.#live.length > 1)) {
      this.#live.splice(place, 1)
      return { kind: 'session.close', fields: { session, reason: 'client' }, payloads: [] }
    }
    if (turn.phase % 2 === 0)
      return { kind: 'operation.outcome', fields: { session, outcomes: [[turn.n, 'ok', 1, 120, 800]] }, payloads: [] }
    return this.#intent(session, turn)
  }

  #intent(session: string, turn: { session: number; n: number }) {
    const n = ++turn.n
    const statement = n <= 12 ? n : 1 + this.#dice(12)
    const decision = turn.session % 100 === 7 && statement === 12 ? 2 : 1
    const payloads: [string, string][] = []
    if (n <= 12) payloads.push([`statement.${n}`, this.#sql(turn.session, n)])
    if (n > 12) payloads.push([`parameters.${n}`, bind(`customer${this.#dice(100_000)}`, this.#dice(10) === 0 ? this.#uuid() : 'open')])
    const decisions =
      n === 1
        ? {
            decisions: [
              [1, 'allow', ['may-read'], 'sha256:00'],
              [2, 'deny', [], 'sha256:00'],
            ],
          }
        : {}
    return { kind: 'operation.intent' as const, fields: { session, ops: [[n, statement, decision]], ...decisions }, payloads }
  }

  #sql(session: number, n: number): string {
    const table = `table_${(session * 7 + n * n) % TABLES}`
    const key = `column_${n % 20}`
    if (n === 12 && session % 5000 === 4321) return `delete from ${table} where forbidden_needle = 1`
    if (n % 4 === 0) return `update public.${table} set ${key} = $1, changed_at = now() where id = $2`
    if (n % 4 === 1) return `insert into public.${table} (id, ${key}, created_at) values ($1, $2, now()) returning id`
    return `select t.id, t.${key}, c.name from public.${table} t join customers c on c.id = t.customer_id where t.status = $1 order by t.id limit 100`
  }

  #uuid(): string {
    const hex = [8, 4, 4, 4, 12].map((digits) => Array.from({ length: digits }, () => this.#dice(16).toString(16)).join(''))
    return hex.join('-')
  }

  /** xorshift32: the same on every machine. */
  #dice(sides: number): number {
    this.#random ^= this.#random << 13
    this.#random ^= this.#random >>> 17
    this.#random ^= this.#random << 5
    return (this.#random >>> 0) % sides
  }
}

/** Formats, parameters and result formats of a Bind with two texts. */
function bind(one: string, other: string): string {
  const length = (text: string) => `\0\0\0${String.fromCharCode(text.length)}`
  return `\0\0\0\u0002${length(one)}${one}${length(other)}${other}\0\0`
}

async function build(index: SearchIndex, terms: Terms): Promise<{ seconds: number; derive: number; write: number }> {
  await index.begin({ log: 'bench', first: 0 })
  const log = new SyntheticLog()
  let delta = new Delta(0)
  const facts = new Facts({
    facts: async (subject) => delta.facts.get(subject) ?? index.facts(subject),
    statement: async (session, number) => delta.statement(session, number) ?? index.statement(session, number),
  })
  const deriver = new Deriver(terms, facts)
  let derive = 0
  let write = 0
  const started = performance.now()
  for (let at = 0; at < ENTRIES; at++) {
    const entry = log.next(at)
    const before = performance.now()
    await deriver.derive(entry, delta)
    derive += performance.now() - before
    if (delta.full || delta.size >= 20_000 || at === ENTRIES - 1) {
      const began = performance.now()
      await index.write(delta, () => undefined)
      write += performance.now() - began
      delta = new Delta(at + 1)
      if (at % 500_000 < 10_000) console.error(`${at} entries, ${Math.round((performance.now() - started) / 1000)} s`)
    }
  }
  return { seconds: (performance.now() - started) / 1000, derive, write }
}

const last = STARTED + ENTRIES * APART
const middle = Math.floor(SESSIONS / 2)
const id = (prefix: string, number: number) => `${prefix}_${String(number).padStart(16, '0')}`
const QUERIES: readonly [string, SearchQuery][] = [
  ['everything, newest first', {}],
  ['a common kind', { kind: 'operation.outcome' }],
  ['one session, in the middle of the log', { session: id('ses', middle) }],
  ['one run, at the beginning, oldest first', { run: id('run', 1), oldest: true }],
  ['one principal ∧ common kind', { who: 'who3'.padEnd(22, '0'), kind: 'operation.intent' }],
  ['one resource ∧ action', { resource: 'resource-7', action: 'delete' }],
  ['decision deny (1 of 2,500)', { decision: 'deny' }],
  ['two dense filters that exclude each other', { kind: 'operation.outcome', action: 'select' }],
  ['three dense filters, none together', { action: 'insert', decision: 'deny', kind: 'operation' }],
  ['object ∧ who, dense ∧ rare', { object: 'customers', who: 'who3'.padEnd(22, '0') }],
  ['a word that is nowhere', { text: 'nowhere' }],
  ['a rare word', { text: 'forbidden_needle', oldest: true }],
  ['a common word ∧ a filter that excludes it', { text: 'customers', kind: 'session.open' }],
  ['two common words that never meet', { text: 'returning changed_at' }],
  ['a common word ∧ a rare one', { text: 'customers forbidden' }],
  ['one hour, a common kind', { since: last - 7_200_000, until: last - 3_600_000, kind: 'operation.intent' }],
  ['one second in the middle', { since: STARTED + (ENTRIES / 2) * APART, until: STARTED + (ENTRIES / 2) * APART + 1000 }],
  ['a time before the log, dense filter', { until: STARTED, kind: 'operation' }],
]

async function measure(index: SearchIndex, terms: Terms) {
  const rows = []
  for (const [name, query] of QUERIES) {
    const times: number[] = []
    let found = 0
    let complete = true
    for (let round = 0; round < ROUNDS; round++) {
      const before = performance.now()
      const page = await search(
        query,
        { limit: 50 },
        { index, terms, open: async () => undefined, budget: 150, now: () => performance.now() },
      )
      times.push(performance.now() - before)
      found = page.entries.length
      complete = page.next === undefined || found === 50
    }
    const [cold] = times as [number]
    times.sort((a, b) => a - b)
    const ms = (value: number | undefined) => Number((value ?? 0).toFixed(1))
    rows.push({ query: name, found, complete, first: ms(cold), p50: ms(times[Math.floor(ROUNDS / 2)]), max: ms(times.at(-1)) })
  }
  return rows
}

const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'search-bench-'))
mkdirSync(folder, { recursive: true })
const file = join(folder, 'index.sqlite')
const terms = new Terms(createHash('sha256').update('bench').digest())
const there = existsSync(file)
let index = openSearchIndex(folder)
const indexed = (await index.state())?.indexed
const built = there && indexed === ENTRIES ? undefined : await build(index, terms)
index.close()
const bytes = statSync(file).size
// As after a start: nothing of it is in SQLite's own cache.
index = openSearchIndex(folder)
const rows = await measure(index, terms)
index.close()
if (!options.keep && options.folder === undefined) rmSync(folder, { recursive: true })

const cost = {
  entries: ENTRIES,
  sessions: SESSIONS,
  bytesPerEntry: Number((bytes / ENTRIES).toFixed(1)),
  ...(built && {
    seconds: Number(built.seconds.toFixed(1)),
    deriveMicroseconds: Number(((built.derive * 1000) / ENTRIES).toFixed(2)),
    writeMicroseconds: Number(((built.write * 1000) / ENTRIES).toFixed(2)),
  }),
}
if (options.json)
  console.log(JSON.stringify({ cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, cost, rows }, undefined, 2))
else {
  console.table([cost])
  console.table(rows)
}
