import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** PostgreSQL's own regression tests. They are never part of this repository. */
export interface RegressFiles {
  /** Holds sql/, data/ and parallel_schedule. */
  readonly folder: string
  /** Major version that they are of. */
  readonly major: number
  /** Names without `.sql`, in the order in which they run. */
  readonly schedule: readonly string[]
}

/** Where `.ci/suites/06-postgres-regress` has put them; else undefined. */
export function regressFiles(): RegressFiles | undefined {
  const cache = process.env.GATESCRIBE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gatescribe')
  const majors = existsSync(cache) ? readdirSync(cache).flatMap((name) => Number(/^postgresql-regress-(\d+)$/.exec(name)?.[1] ?? [])) : []
  const major = Math.max(...majors)
  const folder = join(cache, `postgresql-regress-${major}`)
  if (!existsSync(join(folder, 'complete'))) return undefined
  const lines = readFileSync(join(folder, 'parallel_schedule'), 'utf8').split('\n')
  const schedule = lines.filter((line) => line.startsWith('test:')).flatMap((line) => line.slice('test:'.length).trim().split(/\s+/))
  return { folder, major, schedule: schedule.filter((name) => existsSync(join(folder, 'sql', `${name}.sql`))) }
}
