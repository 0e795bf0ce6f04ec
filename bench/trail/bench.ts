// The trail beside PostgreSQL that inserts the same row durably on the same disk, and beside itself without the Merkle tree. The contenders
// take turns in every round and the median counts. Afterwards the independent verifier reads the log that was written.
//
//   npm run bench:trail -- [--seconds 2] [--rounds 3] [--callers 1,8,64,256] [--folder <on the disk to measure>] [--out bench/results/trail.json]
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { publishThread } from '../../src/gateway/publishing/index.ts'
import type { Publishing, PublishingStart, Trail } from '../../src/trail/index.ts'
import { type RunningPostgres, startPostgres } from '../../test/parts/postgres.ts'
import { debianPostgres } from '../../test/parts/postgres-binaries.ts'
import { TestTrail } from '../../test/parts/trail.ts'
import { cpuSeconds } from '../parts/cpu.ts'
import { median } from '../parts/measurement.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    callers: { type: 'string', default: '1,8,64,256' },
    folder: { type: 'string', default: tmpdir() },
    out: { type: 'string', default: join(import.meta.dirname, '../results/trail.json') },
  },
})
const SECONDS = Number(options.seconds)
const PARAMETERS = Buffer.from('0000000100000004000000002a', 'hex')
/** What the same row is for PostgreSQL: as long as an entry and its sealed payload. */
const ENTRY =
  '{"at":"2026-11-23T21:24:14.123456789Z","id":"7f3a9c21b0.1024","kind":"operation.intent","ops":[[17,3,1]],"payloads":{"parameters.17":"7UvJc0m4nYJ3ZC3JcO2m8v3Vw0sQk5b7m0m3aUuWbXk"},"session":"ses_0123456789abcdef"}'
const SEALED = Buffer.alloc(PARAMETERS.byteLength + 16, 7)

/** One round of one contender. */
interface Sample {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** µs per entry: of the thread that serves connections, of the whole process, of the server's processes. */
  readonly main: number
  readonly process: number
  readonly server: number
  /** Longest that the oldest entry without a checkpoint was durable, ms. */
  readonly age: number
}

type Contender = (callers: number) => Promise<Sample>

/** Each caller makes one durable, then the next. */
async function closedLoop(
  callers: number,
  one: (caller: number) => (done: () => void) => void,
  look: () => void = () => undefined,
): Promise<number[]> {
  const latencies: number[] = []
  const until = performance.now() + SECONDS * 1000
  const looking = setInterval(look, 50)
  await Promise.all(
    Array.from(
      { length: callers },
      (_, caller) =>
        new Promise<void>((resolve) => {
          const make = one(caller)
          let since = 0
          const next = () => {
            since = performance.now()
            make(done)
          }
          const done = () => {
            const now = performance.now()
            latencies.push(now - since)
            if (now < until) next()
            else resolve()
          }
          next()
        }),
    ),
  )
  clearInterval(looking)
  return latencies
}

async function sampled(serverPids: readonly number[], age: () => number, run: () => Promise<number[]>): Promise<Sample> {
  const before = { process: process.cpuUsage(), main: process.threadCpuUsage(), server: cpuSeconds(serverPids) }
  const began = performance.now()
  const latencies = (await run()).sort((a, b) => a - b)
  const seconds = (performance.now() - began) / 1000
  const [all, main] = [process.cpuUsage(before.process), process.threadCpuUsage(before.main)]
  const count = latencies.length
  return {
    perSecond: count / seconds,
    p50: latencies[Math.floor(count / 2)]!,
    p99: latencies[Math.floor(count * 0.99)]!,
    main: (main.user + main.system) / count,
    process: (all.user + all.system) / count,
    server: serverPids.length === 0 ? 0 : ((cpuSeconds(serverPids) - before.server) * 1e6) / count,
    age: age(),
  }
}

/** @param publishing undefined: the write-ahead file alone, which is never published */
function trailContender(publishing: ((start: PublishingStart) => Publishing) | undefined): Contender {
  return async (callers) => {
    const house = new TestTrail(undefined, mkdtempSync(join(options.folder, 'trail-bench-')))
    const trail = await house.open({ segmentBytes: 64 << 20, publishing: publishing ?? unpublished })
    // The thread that publishes has begun: what is measured is a gateway at work, not its start.
    await trail.publish()
    let oldest = 0
    const sample = await sampled(
      [],
      () => oldest,
      () =>
        closedLoop(callers, intending(trail), () => {
          oldest = Math.max(oldest, trail.proven.age)
        }),
    )
    await house.remove()
    return sample
  }
}

/** An intent that repeats a statement with new parameters. */
function intending(trail: Trail): (caller: number) => (done: () => void) => void {
  return () => {
    const key = trail.sessionKey()
    let n = 0
    return (done) => {
      n++
      trail.append({
        kind: 'operation.intent',
        fields: { ops: [[n, 3, 1]], session: 'ses_0123456789abcdef' },
        payloads: [{ name: `parameters.${n}`, key, content: PARAMETERS }],
      })
      trail.whenDurable(() => done())
    }
  }
}

function unpublished({ published }: PublishingStart): Publishing {
  return {
    publish: async ({ end }) => ({ published: { ...published, size: end.entries }, checkpoint: undefined }),
    useSeeds: async () => undefined,
    prune: async () => ({ published, done: true }),
    erase: async () => true,
    close: async () => undefined,
  }
}

function postgresContender(server: RunningPostgres): Contender {
  return async (callers) => {
    await server.query('DROP TABLE IF EXISTS audit; CREATE TABLE audit (index bigserial PRIMARY KEY, entry text NOT NULL, sealed bytea)')
    const clients = await Promise.all(
      Array.from({ length: callers }, async () => {
        const client = new Client({ connectionString: server.url })
        await client.connect()
        return client
      }),
    )
    const insert = { name: 'insert', text: 'INSERT INTO audit (entry, sealed) VALUES ($1, $2)', values: [ENTRY, SEALED] }
    const sample = await sampled(
      [server.pid],
      () => 0,
      () => closedLoop(callers, (caller) => (done) => void clients[caller]!.query(insert).then(done)),
    )
    await Promise.all(clients.map((client) => client.end()))
    return sample
  }
}

/** What the log of a long run takes on the disk, and how fast somebody else verifies it. */
async function written() {
  const house = new TestTrail(undefined, mkdtempSync(join(options.folder, 'trail-bench-')))
  const trail = await house.open({ segmentBytes: 64 << 20, publishing: publishThread })
  const operations = await operate(trail)
  const { size } = await trail.publish()
  await trail.publish()
  const [vkey] = trail.verifierKeys()
  await house.close()
  const folder = join(house.folder, 'trail')
  const bytes = {
    'entries and tiles': bytesIn(join(folder, 'log')),
    payloads: statSync(join(folder, 'payloads.sqlite')).size,
  }
  const verifier = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
  const began = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [verifier, '--key', vkey!, '--json', join(folder, 'log')], {
    encoding: 'utf8',
  })
  const seconds = (performance.now() - began) / 1000
  if (status !== 0) console.error(`the verifier says ${status}: ${stdout}${stderr}`)
  await house.remove()
  return {
    operations,
    entries: size,
    bytesPerOperation: Object.fromEntries(Object.entries(bytes).map(([what, sum]) => [what, Math.round(sum / operations)])),
    verifiedPerSecond: Math.round(size / seconds),
  }
}

/** Sessions of operations as the guard records them: intents of one or a few, outcomes batched. @returns how many operations */
async function operate(trail: Trail): Promise<number> {
  const [sessions, perSession] = [200, 1000]
  const decisions = [[1, 'allow', ['may'], 'sha256:0']]
  trail.note({ kind: 'run.start', fields: { run: 'run_0123456789abcdef' } })
  for (let session = 0; session < sessions; session++) {
    const id = `ses_${String(session).padStart(16, '0')}`
    const key = trail.sessionKey()
    trail.note({ kind: 'session.open', fields: { session: id, run: 'run_0123456789abcdef', resource: 'orders' } })
    for (let n = 1; n <= perSession; n++) {
      trail.note({
        kind: 'operation.intent',
        fields: { ops: [[n, 3, 1]], session: id, ...(n === 1 && { decisions }) },
        payloads: [{ name: `parameters.${n}`, key, content: PARAMETERS }],
      })
      if (n % 100 === 0) {
        const outcomes = Array.from({ length: 100 }, (_, at) => [n - 99 + at, 'completed', 1, 96, 412])
        trail.note({ kind: 'operation.outcome', fields: { session: id, outcomes } })
      }
    }
    trail.note({ kind: 'session.close', fields: { session: id, reason: 'client-closed' } })
    await new Promise<void>((resolve) => trail.whenDurable(() => resolve()))
  }
  return sessions * perSession
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** Of the last minute: what else ran on the machine before, and all together at the end. */
const loadBefore = loadavg()[0]
const server = await startPostgres({
  ...(debianPostgres(15) ? { version: 15 } : {}),
  storage: options.folder,
  settings: { fsync: 'on', synchronous_commit: 'on', max_connections: 300, shared_buffers: '256MB', max_wal_size: '4GB' },
})
try {
  const contenders: readonly (readonly [string, Contender])[] = [
    ['trail', trailContender(publishThread)],
    ['trail without its tree', trailContender(undefined)],
    ['PostgreSQL', postgresContender(server)],
  ]
  const rows: Record<string, string | number>[] = []
  const results: object[] = []
  for (const callers of options.callers.split(',').map(Number)) {
    const samples = new Map<string, Sample[]>(contenders.map(([name]) => [name, []]))
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const [name, contender] of contenders) samples.get(name)!.push(await contender(callers))
    }
    const of = (name: string, what: keyof Sample) => median(samples.get(name)!.map((sample) => sample[what]))
    for (const [name] of contenders) {
      rows.push({
        callers,
        contender: name,
        'entries/s': Math.round(of(name, 'perSecond')),
        'of PostgreSQL': Number((of(name, 'perSecond') / of('PostgreSQL', 'perSecond')).toFixed(2)),
        'p50 ms': Number(of(name, 'p50').toFixed(2)),
        'p99 ms': Number(of(name, 'p99').toFixed(2)),
        'µs main thread': Number(of(name, 'main').toFixed(1)),
        'µs process': Number(of(name, 'process').toFixed(1)),
        'µs server': Number(of(name, 'server').toFixed(1)),
        'checkpoint age ms': Math.round(of(name, 'age')),
      })
    }
    results.push({ callers, samples: Object.fromEntries(samples) })
  }
  console.table(rows)
  const log = await written()
  console.log(JSON.stringify(log, undefined, 2))
  const machine = {
    ...{ processors: cpus().length, model: cpus()[0]?.model ?? '', node: process.version, postgres: server.version },
    load: { before: loadBefore, after: loadavg()[0] },
  }
  mkdirSync(dirname(options.out), { recursive: true })
  writeFileSync(options.out, `${JSON.stringify({ at: new Date().toISOString(), machine, rows, written: log, results }, undefined, 2)}\n`)
} finally {
  await server.stop()
}
