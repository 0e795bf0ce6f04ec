import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { vi } from 'vitest'
import type { RunningPostgres } from '../parts/postgres.ts'
import { found } from '../parts/require.ts'

/** The real one, where there is one. */
export const psql = found('psql')

/** What `gatescribe connect` says a client is to be started with. */
export type Environment = Readonly<Record<string, string>>

const WORDS = ['-XAtq', '-v', 'VERBOSITY=verbose']
const own = (environment: Environment) => ({ PATH: process.env.PATH, ...environment })

/** A psql that is given statements and ends. */
export function ask(environment: Environment, ...sql: readonly string[]) {
  const words = [...WORDS, ...sql.flatMap((each) => ['-c', each])]
  const { status, stdout, stderr } = spawnSync(psql!, words, { env: own(environment), encoding: 'utf8' })
  return { status, out: stdout.trim(), err: stderr }
}

/** A psql that is told one statement after the other. */
export function talking(environment: Environment) {
  const child = spawn(psql!, WORDS, { env: own(environment), stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk
    })
  return {
    exited,
    said: () => said,
    async say(sql: string, answer: string): Promise<void> {
      const before = said.length
      child.stdin.write(`${sql}\n`)
      await vi.waitUntil(() => said.slice(before).includes(answer), { timeout: 10_000, interval: 20 })
    },
    write: (sql: string) => void child.stdin.write(`${sql}\n`),
    leave: () => void child.stdin.end(),
  }
}

/** How many sessions sleep for so many seconds at the target. */
export async function asleep(postgres: RunningPostgres, seconds: number): Promise<number> {
  const [row] = await postgres.query(
    `SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(${seconds})%' AND state = 'active' AND pid <> pg_backend_pid()`,
  )
  return Number(row!.n)
}
