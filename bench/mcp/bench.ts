// Side by side, in one run on one machine: a server of MCP reached directly, through nginx, and through the gateway, with and without masks. The contenders take
// turns in every round and the median counts. What may be compared are the ratios, and what each adds to a call.
//
//   npm run bench:mcp -- [--seconds 3] [--rounds 3] [--streams 500] [--only calls] [--out bench/results/mcp.json]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import '../../test/parts/quiet-issuer.ts'
import { startGateway } from '../../test/parts/gateway.ts'
import { JOB_GROUP, type WrittenConfig } from '../../test/parts/gateway-config.ts'
import { startIssuer } from '../../test/parts/issuer.ts'
import { listens } from '../../test/parts/kubernetes-api.ts'
import { freePort } from '../../test/parts/ports.ts'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import { memoryOf } from '../model/memory.ts'
import type { HttpContender } from '../parts/http-contender.ts'
import { median, type Sample, type Summary, summarise } from '../parts/measurement.ts'
import { startNginx } from '../parts/nginx.ts'
import { overviewOf, type WorkResult } from '../parts/overview.ts'
import { withCpu } from '../parts/run-load.ts'
import { tableOf } from '../parts/table.ts'
import type { McpDone, McpLoad } from './load.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    streams: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(import.meta.dirname, '../results/mcp.json') },
  },
})
const seconds = Number(options.seconds)
const rounds = Number(options.rounds)
const SECRET = 'bench-0123456789abcdef'

interface Work {
  readonly title: string
  readonly load: Omit<McpLoad, 'server' | 'ca' | 'token'>
}

const WORKS: readonly Work[] = [
  { title: 'calls of a tool, 1 connection', load: { work: 'call', connections: 1, seconds } },
  { title: 'calls of a tool, 16 connections', load: { work: 'call', connections: 16, seconds } },
  { title: 'lists of 40 tools, 4 connections', load: { work: 'list', connections: 4, seconds } },
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
/** Of one request, ms. */
const latencies: { title: string; rows: { contender: string; p50: number; p99: number }[] }[] = []
const results: WorkResult[] = []
const memory: { contender: string; idle: number; open: number }[] = []
try {
  while (!(await listens(port))) await sleep(20)
  const { ca } = certificates
  contenders.push({ name: 'direct', server: `https://127.0.0.1:${port}`, ca, token: SECRET, pids: [], stop: async () => undefined })
  const nginx = await startNginx({ port, ca, caFile, certificate: certificates.server, token: SECRET })
  if (nginx) contenders.push(nginx)
  else console.log('nginx is not here: left out')
  contenders.push(await gatescribe('Gatescribe'), await gatescribe('Gatescribe, masks', { masks: peopleMasks() }))
  // What has not run yet is slower than it ever is again.
  for (const contender of contenders) await run(contender, { work: 'call', connections: 8, seconds: Math.min(seconds, 3) })
  for (const work of WORKS) if (work.title.includes(options.only)) await measure(work)
  if ('open'.includes(options.only) || options.only === '') for (const contender of contenders) await measureMemory(contender)
  report()
} finally {
  for (const contender of contenders.reverse()) await contender.stop()
  const exit = once(target, 'exit')
  target.kill()
  await exit
  await issuer.close()
  rmSync(folder, { recursive: true, force: true })
}

function peopleMasks(): NonNullable<WrittenConfig['masks']> {
  return [{ name: 'people', detect: ['email', 'card', 'iban', 'phone'], as: 'redact' }]
}

async function gatescribe(name: string, more: Partial<WrittenConfig> = {}): Promise<HttpContender> {
  const secret = join(folder, 'secret')
  writeFileSync(secret, SECRET, { mode: 0o600 })
  const gateway = await startGateway({
    issuer,
    targets: [],
    adjust(config) {
      config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0' }
      config.resources.push({
        ...{ name: 'orders', kind: 'mcp', address: `https://127.0.0.1:${port}`, pin: 'first', tls: { ca: `file:${caFile}` } },
        credentials: [{ as: 'agent', bearer: `file:${secret}` }],
      })
      const when = 'tool.name in ["find_orders", "stay"] && tool.arguments.state == "late"'
      config.rules = [
        { name: 'lists', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.list'] },
        { name: 'orders', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.call'], when },
      ]
      Object.assign(config, more)
    },
  })
  const { planes } = await gateway.credential()
  const at = planes.mcp?.resources.find((resource) => resource.name === 'orders')
  if (!planes.mcp || !at) throw new Error('the run may not open the server')
  return { name, server: at.url, ca: gateway.ca, token: planes.mcp.credential, pids: [gateway.pid], stop: () => gateway.remove() }
}

async function measure({ title, load }: Work): Promise<void> {
  const samples = new Map<HttpContender, (Sample & { p50: number; p99: number })[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another one, so that nobody always comes after the same neighbour.
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length] as HttpContender
      let done: McpDone | undefined
      const sample = await withCpu(contender, [target.pid as number], async () => {
        done = await run(contender, load)
        return { rate: done.count / done.seconds, count: done.count, latency: done.p50 }
      })
      samples.get(contender)?.push({ ...sample, p50: done?.p50 ?? Number.NaN, p99: done?.p99 ?? Number.NaN })
    }
  }
  const summaries: Summary[] = [...samples].map(([{ name }, taken]) => summarise(name, taken))
  results.push({ title, unit: 'requests/s', summaries })
  console.log(tableOf(title, 'requests/s', summaries, ['nginx', 'direct']))
  const rows = [...samples].map(([{ name }, taken]) => {
    return { contender: name, p50: median(taken.map(({ p50 }) => p50)), p99: median(taken.map(({ p99 }) => p99)) }
  })
  latencies.push({ title, rows })
  const direct = rows.find(({ contender }) => contender === 'direct')?.p50 ?? Number.NaN
  const lines = rows.map(
    ({ contender, p50, p99 }) => `| ${contender} | ${p50.toFixed(3)} | ${(p50 - direct).toFixed(3)} | ${p99.toFixed(3)} |`,
  )
  console.log(['| | p50 ms | added p50 ms | p99 ms |', '| --- | ---: | ---: | ---: |', ...lines, ''].join('\n'))
}

async function measureMemory(contender: HttpContender): Promise<void> {
  if (contender.pids.length === 0) return
  const idle = memoryOf(contender.pids)
  let open = idle
  await run(contender, { work: 'open', connections: Number(options.streams), seconds: 2 }, () => {
    open = memoryOf(contender.pids)
  })
  memory.push({ contender: contender.name, idle, open })
}

/** Runs one load in a process of its own. @param told when it says that everything is open */
async function run({ server, ca, token }: HttpContender, load: Work['load'], told: () => void = () => undefined): Promise<McpDone> {
  const asked: McpLoad = { server, ca, token, ...load }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'load.ts'), JSON.stringify(asked)], { cwd: folder, stdio: 'pipe' })
  let said = ''
  child.stdout.on('data', (piece) => {
    said += piece
  })
  child.stderr.on('data', (piece: Buffer) => {
    if (piece.toString().startsWith('open')) setTimeout(told, 1_000)
    else process.stderr.write(piece)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the client ended with ${code}`)
  return JSON.parse(said) as McpDone
}

function report(): void {
  for (const { contender, idle, open } of memory) {
    const each = ((open - idle) * 1024) / Number(options.streams)
    console.log(
      `${contender}: ${idle.toFixed(0)} MB, with ${options.streams} open streams ${open.toFixed(0)} MB, ${each.toFixed(0)} KiB each`,
    )
  }
  for (const subject of ['Gatescribe', 'Gatescribe, masks']) console.log(overviewOf(results, subject, ['nginx', 'direct']))
  mkdirSync(dirname(options.out), { recursive: true })
  const machine = { processors: cpus().length, model: cpus()[0]?.model ?? '', node: process.version }
  const written = { at: new Date().toISOString(), machine, options: { seconds, rounds }, results, latencies, memory }
  writeFileSync(options.out, `${JSON.stringify(written, null, 2)}\n`)
  console.log(`written to ${options.out}`)
}
