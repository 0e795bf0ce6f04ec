// What counting costs: on the path of an operation, per entry of the trail, and a scrape, with how long others wait for their turn meanwhile.
//
//   node tools/node/run.js bench/metrics.ts [--resources 50]
import { parseArgs } from 'node:util'
import { createMetrics } from '../src/metrics/index.ts'
import type { Decision, Outcome } from '../src/operations/index.ts'
import { SHOP, SOURCES } from '../test/metrics/every-family.ts'
import { median } from './parts/measurement.ts'

const { values } = parseArgs({ options: { resources: { type: 'string', default: '50' } } })
const TIMES = 2_000_000
const ALLOW: Decision = { effect: 'allow', rules: ['reports-may'], policy: 'sha256:0' }
const COMPLETED: Outcome = { status: 'completed', rows: 1, bytes: 10 }

const metrics = createMetrics({ version: '0.0.0', node: process.versions.node, startedAt: Date.now() })
metrics.look({
  ...SOURCES,
  resources: () => Array.from({ length: Number(values.resources) }, (_, n) => ({ ...SHOP, name: `resource-${n}` })),
})
const session = metrics.guard.at(SHOP)

/** As the guard does: decided, admitted, answered, settled. */
function counted(n: number): void {
  session.decided(0.01)
  session.admitted(0.3)
  session.answered(ALLOW, undefined)
  session.settled(COMPLETED, 300 + (n & 1_023))
}

/** The same with the clock that its times are taken by, as far as it is not looked at anyhow. */
function timed(n: number): void {
  if (n % 8 === 0) {
    const decided = performance.now()
    session.decided(performance.now() - decided)
  }
  session.admitted(performance.now() - n)
  session.answered(ALLOW, undefined)
  session.settled(COMPLETED, 300 + (n & 1_023))
}

/** @returns ns per call, the median of five rounds */
function nanoseconds(act: (n: number) => void): number {
  const rounds = Array.from({ length: 6 }, () => {
    const began = performance.now()
    for (let n = 0; n < TIMES; n++) act(n)
    return ((performance.now() - began) * 1e6) / TIMES
  })
  return median(rounds.slice(1))
}

console.log(`an operation, counted          ${nanoseconds(counted).toFixed(0)} ns`)
console.log(`an operation, counted and timed ${nanoseconds(timed).toFixed(0)} ns`)
console.log(`an entry of the trail          ${nanoseconds(() => metrics.trail.staged('operation.intent')).toFixed(0)} ns`)
for (const open of [true, false]) {
  const took: number[] = []
  const waited: number[] = []
  let bytes = 0
  for (let round = 0; round < 10; round++) {
    let longest = 0
    let last = performance.now()
    const turns = setInterval(() => {
      const now = performance.now()
      longest = Math.max(longest, now - last - 1)
      last = now
    }, 1)
    const began = performance.now()
    bytes = (await metrics.text(open)).text.length
    took.push(performance.now() - began)
    clearInterval(turns)
    waited.push(longest)
  }
  const form = open ? 'OpenMetrics' : 'text       '
  console.log(
    `${form}, ${values.resources} resources      ${median(took).toFixed(0)} ms, ${(bytes / 1024).toFixed(0)} KiB, others wait ${median(waited).toFixed(0)} ms at most`,
  )
}
process.exit(0)
