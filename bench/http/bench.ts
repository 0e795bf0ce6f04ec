// Side by side, in one run on one machine: an API in HTTP reached directly, through nginx, and through the gateway. The contenders take turns in every round
// and the median counts. What may be compared are the ratios, not the rates.
//
//   npm run bench:http -- [--seconds 3] [--rounds 3] [--only small] [--out bench/results/http.json]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import '../../test/parts/quiet-issuer.ts'
import { startGateway } from '../../test/parts/gateway.ts'
import { JOB_GROUP, type WrittenRule } from '../../test/parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../../test/parts/issuer.ts'
import { listens } from '../../test/parts/kubernetes-api.ts'
import { freePort } from '../../test/parts/ports.ts'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import type { HttpContender } from '../parts/http-contender.ts'
import type { Done, Load } from '../parts/http-load.ts'
import { type Sample, type Summary, summarise } from '../parts/measurement.ts'
import { startNginx } from '../parts/nginx.ts'
import { overviewOf, type WorkResult } from '../parts/overview.ts'
import { runLoad, withCpu } from '../parts/run-load.ts'
import { tableOf } from '../parts/table.ts'

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
const SECRET = 'bench-0123456789abcdef'
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

const folder = mkdtempSync(join(tmpdir(), 'gatescribe-bench-'))
const issuer = await startIssuer()
const certificates = await issueTestCertificates()
const caFile = join(folder, 'ca.pem')
const [certificateFile, keyFile] = [join(folder, 'target.pem'), join(folder, 'target.key')]
writeFileSync(caFile, certificates.ca)
writeFileSync(certificateFile, certificates.server.certificate)
writeFileSync(keyFile, certificates.server.key, { mode: 0o600 })
const port = await freePort()
const target = spawn(process.execPath, [join(import.meta.dirname, 'target.ts'), String(port), certificateFile, keyFile], {
  stdio: 'inherit',
})
const contenders: HttpContender[] = []
try {
  while (!(await listens(port))) await sleep(20)
  const { ca } = certificates
  contenders.push({ name: 'direct', server: `https://127.0.0.1:${port}`, ca, token: SECRET, pids: [], stop: async () => undefined })
  const nginx = await startNginx({ port, ca, caFile, certificate: certificates.server, token: SECRET })
  if (nginx) contenders.push(nginx)
  else console.log('nginx is not here: left out')
  contenders.push(await gatescribe('Gatescribe', [ALLOW], issuer), await gatescribe('Gatescribe, 50 rules', FIFTY_RULES, issuer))
  const results: WorkResult[] = []
  for (const work of WORKS) {
    if (!work.title.includes(options.only)) continue
    const summaries = await measure(work)
    results.push({ title: work.title, unit: work.unit, summaries })
    console.log(tableOf(work.title, work.unit, summaries, ['nginx', 'direct']))
  }
  mkdirSync(dirname(options.out), { recursive: true })
  const machine = { processors: cpus().length, model: cpus()[0]?.model ?? '', node: process.version }
  writeFileSync(
    options.out,
    `${JSON.stringify({ at: new Date().toISOString(), machine, options: { seconds, rounds }, results }, null, 2)}\n`,
  )
  for (const subject of ['Gatescribe', 'Gatescribe, 50 rules']) console.log(overviewOf(results, subject, ['nginx', 'direct']))
  console.log(`written to ${options.out}`)
} finally {
  for (const contender of contenders.reverse()) await contender.stop()
  const exit = once(target, 'exit')
  target.kill()
  await exit
  await issuer.close()
  rmSync(folder, { recursive: true, force: true })
}

async function gatescribe(name: string, rules: readonly WrittenRule[], by: TestIssuer): Promise<HttpContender> {
  const secret = join(folder, 'secret')
  writeFileSync(secret, SECRET, { mode: 0o600 })
  const gateway = await startGateway({
    issuer: by,
    targets: [],
    adjust(config) {
      config.gateway.listen = { ...(config.gateway.listen as object), https: '127.0.0.1:0' }
      config.resources.push({
        name: 'tickets',
        kind: 'http',
        address: `https://127.0.0.1:${port}`,
        tls: { ca: `file:${caFile}` },
        credentials: [{ as: 'agent', bearer: `file:${secret}` }],
      })
      config.rules = [...rules]
    },
  })
  const { planes } = await gateway.credential()
  const at = planes.http?.resources.find((resource) => resource.name === 'tickets')
  if (!planes.http || !at) throw new Error('the run may not open the API')
  return { name, server: at.url, ca: gateway.ca, token: planes.http.credential, pids: [gateway.pid], stop: () => gateway.remove() }
}

async function measure({ load, unit }: Work): Promise<Summary[]> {
  const worth = ({ count, bytes }: Done) => (unit === 'MB/s' ? bytes / 1e6 : count)
  const samples = new Map<HttpContender, Sample[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another one, so that nobody always comes after the same neighbour.
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length]!
      const { server, ca, token } = contender
      const sample = await withCpu(contender, [target.pid as number], async () => {
        const done = await runLoad({ server, ca, token, ...load }, folder)
        return { rate: worth(done) / done.seconds, count: worth(done), latency: done.latency }
      })
      samples.get(contender)!.push(sample)
    }
  }
  return [...samples].map(([{ name }, taken]) => summarise(name, taken))
}
