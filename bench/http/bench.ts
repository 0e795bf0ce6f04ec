// Side by side, in one run on one machine: an API in HTTP reached directly, through nginx, and through the gateway. The contenders take turns in every round
// and the median counts. What may be compared are the ratios, not the rates.
//
//   npm run bench:http -- [--seconds 3] [--rounds 3] [--only small] [--out bench/results/http.json]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import '../../test/parts/quiet-issuer.ts'
import { JOB_GROUP, type WrittenRule } from '../../test/parts/gateway-config.ts'
import type { Done, Load } from '../parts/http-load.ts'
import { startHttpsSides } from '../parts/https-sides.ts'
import { type Summary, summarise } from '../parts/measurement.ts'
import type { WorkResult } from '../parts/overview.ts'
import { inRounds } from '../parts/rounds.ts'
import { runLoad, withCpu } from '../parts/run-load.ts'
import { tableOf } from '../parts/table.ts'
import { writeResults } from '../parts/written-results.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(import.meta.dirname, '../results/http.json') },
  },
})
const seconds = Number(options.seconds)
const rounds = Number(options.rounds)
const MEGABYTES = 64
/** Of one answer or request. */
const LARGE = 8e6

interface Work {
  readonly title: string
  readonly unit: 'requests/s' | 'MB/s'
  readonly load: Omit<Load, 'server' | 'ca' | 'token'>
}

const WORKS: readonly Work[] = [
  ...[1, 16].map(
    (connections): Work => ({
      title: `get of a small answer, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
      unit: 'requests/s',
      load: { work: 'get', path: '/tickets?state=open', connections, seconds },
    }),
  ),
  { title: `an answer of ${MEGABYTES} MB`, unit: 'MB/s', load: { work: 'read', path: `/large?bytes=${MEGABYTES * 1e6}`, times: 1 } },
  {
    title: `requests of ${LARGE / 1e6} MB`,
    unit: 'MB/s',
    load: { work: 'write', path: '/tickets', times: MEGABYTES / (LARGE / 1e6), size: LARGE },
  },
]

/** Forty-nine of which none is about what is measured, with a condition each, and the one that allows it. */
const ALLOW: WrittenRule = { name: 'tickets', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['http.*'] }
const FIFTY_RULES: readonly WrittenRule[] = [
  ...Array.from(
    { length: 49 },
    (_, index): WrittenRule => ({
      name: `of-team-${index}`,
      effect: 'deny',
      do: ['http.get', 'http.post'],
      when: `http.path.startsWith("/teams/${index}/") && http.method == "GET"`,
    }),
  ),
  ALLOW,
]

const sides = await startHttpsSides(join(import.meta.dirname, 'target.ts'))
try {
  await sides.addGateway('Gatescribe', { kind: 'http', credential: 'bearer', rules: [ALLOW] })
  await sides.addGateway('Gatescribe, 50 rules', { kind: 'http', credential: 'bearer', rules: FIFTY_RULES })
  const results: WorkResult[] = []
  for (const work of WORKS) {
    if (!work.title.includes(options.only)) continue
    const summaries = await measure(work)
    results.push({ title: work.title, unit: work.unit, summaries })
    console.log(tableOf(work.title, work.unit, summaries, ['nginx', 'direct']))
  }
  writeResults(options.out, { options: { seconds, rounds }, results }, ['Gatescribe', 'Gatescribe, 50 rules'])
} finally {
  await sides.stop()
}

async function measure({ load, unit }: Work): Promise<Summary[]> {
  const worth = ({ count, bytes }: Done) => (unit === 'MB/s' ? bytes / 1e6 : count)
  const samples = await inRounds(sides.contenders, rounds, (contender) =>
    withCpu(contender, [sides.targetPid], async () => {
      const { server, ca, token } = contender
      const done = await runLoad({ server, ca, token, ...load }, sides.folder)
      return { rate: worth(done) / done.seconds, count: worth(done), latency: done.latency }
    }),
  )
  return [...samples].map(([{ name }, taken]) => summarise(name, taken))
}
