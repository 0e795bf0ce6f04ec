// npm run soak -- [--minutes 12] [--seed n]     the long form of every test that kills and fails things
//
// One after another, each in its share of the time. Writes what they showed to docs/reliability.md. Ends with 1 where a test failed:
// then the page says so too.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Shown, withRun } from './page.ts'

/** Long forms, and their shares of the time. */
const TESTS: readonly { test: string; share: number; config?: string }[] = [
  { test: 'test/trail/kill.test.ts', share: 0.15 },
  { test: 'test/trail/erasure-kill.test.ts', share: 0.1 },
  { test: 'test/trail/tamper.test.ts', share: 0.03 },
  { test: 'test/witness/kill.test.ts', share: 0.05 },
  { test: 'test/postgres/crash/crash.test.ts', share: 0.1 },
  { test: 'test/recording/kill.test.ts', share: 0.05 },
  { test: 'test/postgres/relay-fuzz.test.ts', share: 0.14 },
  { test: 'test/postgres/chaos.test.ts', share: 0.1 },
  { test: 'test/approvals/many.test.ts', share: 0.05 },
  { test: 'test/postgres/evasion/evasions.test.ts', share: 0.2 },
  { test: 'test/verify/every-byte.test.ts', share: 0.03 },
  { test: 'src/protocols/http/relay/streaming.test.ts', share: 0.01 },
  // As long as a gigabyte takes, whatever its share.
  { test: 'test/kubernetes/copies.test.ts', share: 0.01, config: 'test/kubernetes/vitest.config.ts' },
]
const ROOT = join(import.meta.dirname, '../..')
const PAGE = join(ROOT, 'docs/reliability.md')

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '12' }, seed: { type: 'string', default: String(Date.now() % 2 ** 31) } },
})
const minutes = Number(values.minutes)
if (!(minutes > 0 && minutes <= 24 * 60)) throw new RangeError('--minutes takes a number up to 1440')

// Now, as the tree may go on while this runs.
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim()
const folder = mkdtempSync(join(tmpdir(), 'gatescribe-soak-'))
const report = join(folder, 'report.jsonl')
writeFileSync(report, '')
const results: Shown[] = []
try {
  for (const { test, share, config } of TESTS) {
    const seconds = Math.max(1, Math.round(minutes * 60 * share))
    console.log(`\n== ${test}, ${seconds} s, seed ${values.seed}`)
    const passed = await runTest(test, seconds, config)
    const lines = readFileSync(report, 'utf8').split('\n').filter(Boolean)
    const numbers = lines.map((line) => JSON.parse(line) as { test: string; numbers: Shown['numbers'] }).find((one) => one.test === test)
    results.push({ test, seconds, passed, numbers: numbers?.numbers ?? {} })
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const run = {
  date: new Date().toISOString().slice(0, 10),
  commit,
  command: `npm run soak -- --minutes ${minutes} --seed ${values.seed}`,
  machine: `${process.platform} ${process.arch}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
  results,
}
writeFileSync(PAGE, withRun(readFileSync(PAGE, 'utf8'), run))
console.log(`\n${JSON.stringify(run, undefined, 2)}\nwritten to docs/reliability.md`)
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1

function runTest(test: string, seconds: number, config: string | undefined): Promise<boolean> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const env = { ...process.env, GATESCRIBE_SOAK: String(seconds), GATESCRIBE_SEED: values.seed, GATESCRIBE_SOAK_REPORT: report }
  const child = spawn(process.execPath, [vitest, 'run', ...(config === undefined ? [] : ['--config', config]), test], {
    cwd: ROOT,
    env,
    stdio: 'inherit',
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code === 0))
  })
}
