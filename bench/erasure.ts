// How long erasing a person takes who had very many sessions, and for how long at most nobody else is served meanwhile.
//
//   node tools/node/run.js bench/erasure.ts [--sessions 10000] [--runs 1000] [--others 100000] [--aside] [--folder <on the disk to measure>] [--json]
//
// The rooms are a gateway's: publishing, the index and what was set aside in their threads, all else in the one that would serve connections.
// Its stalls are measured by a timer that is due every millisecond, the work in them by the CPU time of the thread. --others are runs of other
// persons, which the gateway remembers too; with --aside the sessions are in a log that was set aside.
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { publishThread } from '../src/gateway/publishing/index.ts'
import { asideThread } from '../src/gateway/retention/index.ts'
import { Retained } from '../test/parts/retained.ts'

const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '1000' },
    others: { type: 'string', default: '100000' },
    aside: { type: 'boolean', default: false },
    folder: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const [SESSIONS, RUNS, OTHERS] = [Number(options.sessions), Number(options.runs), Number(options.others)]
const IDLE_MS = 20_000
if (options.folder) process.env.TMPDIR = options.folder

const house = new Retained()
const rooms = { publishing: publishThread, erasingAside: asideThread(house.folder), segmentBytes: 64 * 1024 * 1024 }
await house.open(rooms)
const began = performance.now()
const tell = (what: string) => console.error(`${Math.round((performance.now() - began) / 1000)} s: ${what}`)
try {
  remember(OTHERS)
  tell(`${OTHERS} runs of others are remembered`)
  await record()
  tell(`${SESSIONS} sessions in ${RUNS} runs are recorded`)
  if (options.aside) await house.again({ newLog: 'compromised', ...rooms })
  else await house.found('indexed')
  await house.differences()
  tell('the index has caught up')
  const pseudonym = house.trail.pseudonym('ci', 'alice')
  const plan = await measured(() => house.operator.eraseTrail({ scope: { pseudonym }, reason: 'a measurement', dryRun: true }))
  const erasure = await measured(() => house.operator.eraseTrail({ scope: { pseudonym }, reason: 'a measurement', dryRun: false }))
  // How long a thread that does nothing waits for its turn on this machine, as it is now.
  const idle = await measured(() => new Promise<void>((resolve) => setTimeout(resolve, IDLE_MS)))
  const { sessions, runs, keys } = erasure.result
  const phases = { 'said what would go': plan, erased: erasure, 'did nothing': idle }
  const machine = `${process.platform} ${process.arch}, ${cpus().length} cores, Node ${process.versions.node}`
  const where = options.aside ? 'in a log that was set aside' : 'in the log'
  const what = { machine, where, otherRuns: OTHERS, sessions: sessions.length, runs: runs.length, keys }
  if (options.json) {
    const told = Object.entries(phases).map(([name, { result: _, ...figures }]) => [name, figures])
    console.log(JSON.stringify({ ...what, ...Object.fromEntries(told) }, undefined, 2))
  } else {
    console.log(`${machine}: ${keys} keys of ${sessions.length} sessions in ${runs.length} runs, ${where}, beside ${OTHERS} runs of others`)
    for (const [name, { seconds, longestMs, longestWorkMs }] of Object.entries(phases))
      console.log(`${name} in ${seconds} s; nobody else was served for ${longestMs} ms at most, of which work ${longestWorkMs} ms at most`)
  }
} finally {
  await house.remove()
}

interface Measured<Result> {
  readonly result: Result
  readonly seconds: number
  /** Longest time for which nothing else had its turn, ms; and what of one such time was work of this thread and not waiting for a core or a disk. */
  readonly longestMs: number
  readonly longestWorkMs: number
}

async function measured<Result>(work: () => Promise<Result>): Promise<Measured<Result>> {
  const since = performance.now()
  let [longestMs, longestWorkMs, tickedAt, worked] = [0, 0, since, workMs()]
  const tick = () => {
    const [now, used] = [performance.now(), workMs()]
    longestMs = Math.max(longestMs, now - tickedAt)
    longestWorkMs = Math.max(longestWorkMs, used - worked)
    ;[tickedAt, worked] = [now, used]
  }
  const ticking = setInterval(tick, 1)
  const result = await work()
  tick()
  clearInterval(ticking)
  const seconds = (performance.now() - since) / 1000
  return { result, seconds: round(seconds), longestMs: round(longestMs), longestWorkMs: round(longestWorkMs) }
}

/** CPU time of this thread, ms. */
function workMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}

/** Runs that are over, straight into where the gateway keeps them: their entries are nobody's concern here. */
function remember(count: number): void {
  const database = new DatabaseSync(join(house.folder, 'gateway.sqlite'))
  const insert = database.prepare(
    `INSERT INTO run (id, state, principal, facts, started_at, expires_at, began_log, began_index, ended_log, ended_index)
     VALUES (?, 'ended', ?, ?, ?, ?, 'test.example/trail/one', 0, 'test.example/trail/one', 0)`,
  )
  database.exec('BEGIN')
  for (let n = 0; n < count; n++) {
    const app = `acme/app${n % 500}`
    const principal = { kind: 'job', issuer: 'ci', subject: `repo:${app}:ref:refs/heads/main`, groups: ['ci/all'] }
    const id = `run_${createHash('sha256').update(String(n)).digest('hex').slice(0, 16)}`
    insert.run(id, JSON.stringify(principal), JSON.stringify({ repository: app, workflow: 'nightly', commit: id }), n, n + 1)
  }
  database.exec('COMMIT')
  database.close()
}

async function record(): Promise<void> {
  const each = SESSIONS / RUNS
  for (let n = 0; n < RUNS; n++) {
    await house.begin(`run_alice${n}`, 'alice')
    for (let session = 0; session < each; session++) await house.session(`run_alice${n}`, `indexed word${session}`)
    await house.end(`run_alice${n}`)
  }
  await house.trail.publish()
}
