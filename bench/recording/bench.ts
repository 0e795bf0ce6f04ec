// What recording costs: CPU of the gateway, all of its threads, per statement of pgbench, with everything recorded and with nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startGateway } from '../../test/parts/gateway.ts'
import { startIssuer } from '../../test/parts/issuer.ts'
import { startPostgres } from '../../test/parts/postgres.ts'
import { debianPostgres } from '../../test/parts/postgres-binaries.ts'
import type { Contender } from '../parts/contender.ts'
import { runClient } from '../parts/run-client.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '5' } } })
const server = await startPostgres({
  ...(debianPostgres(15) ? { version: 15 } : {}),
  settings: { shared_buffers: '256MB', autovacuum: 'off' },
})
await server.query('CREATE ROLE bench LOGIN SUPERUSER')
await server.query('CREATE DATABASE bench OWNER bench')
const issuer = await startIssuer()

async function contender(name: string, recording: object): Promise<Contender> {
  const gateway = await startGateway({
    issuer,
    targets: [{ name: 'bench', server, user: 'bench', databases: { bench: 'bench' } }],
    adjust: (config) => Object.assign(config, { recording }),
  })
  const { run, password } = await gateway.credential()
  return {
    name,
    encrypted: false,
    port: gateway.port,
    user: run,
    password,
    database: 'bench',
    pids: [gateway.pid],
    stop: () => gateway.remove(),
  }
}

const direct = {
  name: 'direct',
  encrypted: false,
  port: server.port,
  user: 'bench',
  database: 'bench',
  pids: [],
  stop: async () => undefined,
}
await runClient('pgbench', ['-i', '-q', '-s', '1'], direct, server.pid)
const contenders = [await contender('nothing recorded', { resources: [] }), await contender('everything recorded', {})]

/** CPU seconds of each thread by name. */
function threads(pid: number): Map<string, number> {
  const by = new Map<string, number>()
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    by.set(name, (by.get(name) ?? 0) + (Number(fields[11]) + Number(fields[12])) / 100)
  }
  return by
}

try {
  for (const [title, options] of [
    ['SELECT by key, prepared, 8 clients', ['-n', '-S', '-M', 'prepared', '-c', '8']],
    ['SELECT by key, simple, 8 clients', ['-n', '-S', '-M', 'simple', '-c', '8']],
  ] as const) {
    const micros = new Map<string, number[]>()
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const each of round % 2 === 0 ? contenders : contenders.toReversed()) {
        const before = threads(each.pids[0]!)
        const { stdout, cpu } = await runClient('pgbench', [...options, '-T', values.seconds], each, server.pid)
        const statements = Number(/actually processed: (\d+)/.exec(stdout)?.[1])
        micros.set(each.name, [...(micros.get(each.name) ?? []), (cpu.contender / statements) * 1e6])
        if (round === 1)
          console.log(
            each.name,
            [...threads(each.pids[0]!)]
              .map(([name, seconds]) => `${name} ${(((seconds - (before.get(name) ?? 0)) / statements) * 1e6).toFixed(1)}`)
              .join(', '),
          )
      }
    }
    for (const [name, all] of micros) {
      const sorted = all.toSorted((a, b) => a - b)
      console.log(
        `${title}: ${name}: ${sorted.map((each) => each.toFixed(1)).join(' ')}, median ${sorted[Math.floor(sorted.length / 2)]!.toFixed(1)} µs`,
      )
    }
  }
} finally {
  for (const each of contenders) await each.stop()
  await issuer.close()
  await server.stop()
}
