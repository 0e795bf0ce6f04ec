import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const folder = import.meta.dirname

/** Where `.ci/run` keeps what is slow to fetch or to build. */
const cache = process.env.GATESCRIBE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gatescribe')

/** The driver in the version of pgjdbc/jar.sha256, where `.ci/suites/05-postgres-clients` has fetched it. */
export function pgjdbcJar(): string | undefined {
  const name = readFileSync(join(folder, 'pgjdbc/jar.sha256'), 'utf8').trim().split(/ +/)[1] ?? ''
  const jar = join(cache, 'pgjdbc', name)
  return existsSync(jar) ? jar : undefined
}

/** The program of the folder pgx as it is now, where `.ci/suites/05-postgres-clients` has built it. */
export function pgxProgram(): string | undefined {
  const hash = createHash('sha256')
  for (const name of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(folder, 'pgx', name)))
  const program = join(cache, 'pgx', hash.digest('hex').slice(0, 16))
  return existsSync(program) ? program : undefined
}
