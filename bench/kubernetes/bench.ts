// Side by side, in one run on one machine: an API server reached directly, through nginx, and through the gateway. The contenders take turns in every round
// and the median counts, so that what else the machine does meets all of them. What may be compared are the ratios, not the rates.
//
//   npm run bench:kubernetes -- [--seconds 3] [--rounds 3] [--only exec] [--out bench/results/kubernetes.json]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import '../../test/parts/quiet-issuer.ts'
import { startIssuer } from '../../test/parts/issuer.ts'
import { kubernetesBinaries } from '../../test/parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../../test/parts/kubernetes-cluster.ts'
import { type Summary, summarise } from '../parts/measurement.ts'
import type { WorkResult } from '../parts/overview.ts'
import { inRounds } from '../parts/rounds.ts'
import { tableOf } from '../parts/table.ts'
import { writeResults } from '../parts/written-results.ts'
import { type Contender, direct, gatescribe, nginx } from './contenders.ts'
import { MEGABYTES, OBJECTS, type Work, works } from './works.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(import.meta.dirname, '../results/kubernetes.json') },
  },
})
if (!kubernetesBinaries()) {
  console.error('npm run bench:kubernetes needs an API server: test/kubernetes/parts/build.sh builds it')
  process.exit(69) // EX_UNAVAILABLE of sysexits.h
}

const TOKEN = 'bench-0123456789abcdef'
const folder = mkdtempSync(join(tmpdir(), 'gatescribe-bench-'))
const issuer = await startIssuer()
// Nobody's requests are to wait for a turn at the API server, and none is to be written down there.
const cluster = await startCluster({
  tokens: [{ token: TOKEN, user: 'bench', groups: ['system:masters'] }],
  flags: ['--max-requests-inflight=0', '--max-mutating-requests-inflight=0', '--enable-priority-and-fairness=false'],
  audit: 'None',
})
const contenders: Contender[] = []
try {
  await fill(cluster)
  const source = direct(cluster, TOKEN)
  contenders.push(source)
  const other = await nginx(cluster, TOKEN)
  if (other) contenders.push(other)
  else console.log('nginx is not here: left out')
  for (const ruled of [false, true]) contenders.push(await gatescribe(cluster, issuer, TOKEN, ruled))
  const results: WorkResult[] = []
  for (const work of works({ cluster, source, seconds: Number(options.seconds), folder })) {
    if (!work.title.includes(options.only)) continue
    const summaries = await measure(work, Number(options.rounds))
    results.push({ title: work.title, unit: work.unit, summaries })
    console.log(tableOf(work.title, work.unit, summaries, ['nginx', 'direct']))
  }
  const run = { seconds: Number(options.seconds), rounds: Number(options.rounds) }
  writeResults(options.out, { options: run, results }, ['Gatescribe', 'Gatescribe, 50 rules'])
} finally {
  for (const contender of contenders.reverse()) await contender.stop()
  await cluster.stop()
  await issuer.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Objects of a kilobyte, a pod, its log and a file to copy. */
async function fill(to: RunningCluster): Promise<void> {
  await to.namespace('many')
  for (let made = 0; made < OBJECTS; made += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        to.request('POST', '/api/v1/namespaces/many/configmaps', {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `object-${made + at}` },
          data: { text: `${made + at} lorem ipsum `.repeat(50) },
        }),
      ),
    )
  await to.pod('web')
  const line = 'x'.repeat(199)
  to.writeLog(
    'web',
    Array.from({ length: (MEGABYTES * 1e6) / 200 }, () => line),
  )
  writeFileSync(join(folder, 'file'), Buffer.alloc(MEGABYTES * 1e6, 'lorem ipsum '))
}

async function measure(work: Work, rounds: number): Promise<Summary[]> {
  const samples = await inRounds(contenders, rounds, (contender) => work.sample(contender))
  return [...samples].map(([{ name }, taken]) => summarise(name, taken))
}
