import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from './contender.ts'
import { cpuSeconds, cpuSecondsOfEndedChildren } from './cpu.ts'

/** Until the server has waited for the backends that ended, so that their CPU is counted once: neither twice nor never. */
const SETTLING_MS = 50

/** What one run of a load generator took. CPU in seconds. */
export interface ClientRun {
  readonly stdout: string
  readonly seconds: number
  readonly cpu: { readonly contender: number; readonly client: number; readonly server: number }
}

/**
 * Runs a libpq program against a contender and measures what it costs everybody. One at a time: the client's CPU is
 * read from the children of this process that have ended.
 *
 * @param serverPid the postmaster
 */
export async function runClient(program: string, options: readonly string[], contender: Contender, serverPid: number): Promise<ClientRun> {
  const before = { contender: cpuSeconds(contender.pids), client: cpuSecondsOfEndedChildren(), server: cpuSeconds([serverPid]) }
  const began = performance.now()
  const child = spawn(program, options, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PGHOST: '127.0.0.1',
      PGPORT: String(contender.port),
      PGUSER: contender.user,
      PGDATABASE: contender.database,
      ...(contender.password === undefined ? {} : { PGPASSWORD: contender.password }),
      PGSSLMODE: contender.encrypted ? 'require' : 'disable',
      PGGSSENCMODE: 'disable',
      PGPASSFILE: '/dev/null',
    },
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const exitCode = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  const seconds = (performance.now() - began) / 1_000
  await sleep(SETTLING_MS)
  if (exitCode !== 0)
    throw new Error(`${program} ended with ${exitCode} at ${contender.name}: ${Buffer.concat(stderr).toString().slice(-2_000)}`)
  return {
    stdout: Buffer.concat(stdout).toString(),
    seconds,
    cpu: {
      contender: cpuSeconds(contender.pids) - before.contender,
      client: cpuSecondsOfEndedChildren() - before.client,
      server: cpuSeconds([serverPid]) - before.server,
    },
  }
}
