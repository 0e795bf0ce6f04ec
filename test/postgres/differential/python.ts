import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The Python with the drivers of requirements.txt, where `.ci/suites/05-postgres-clients` has made it; else undefined. */
export function pythonWithDrivers(): string | undefined {
  const requirements = readFileSync(join(import.meta.dirname, '../requirements.txt'))
  const key = createHash('sha256').update(requirements).digest('hex').slice(0, 16)
  const cache = process.env.GATESCRIBE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gatescribe')
  const environment = join(cache, `python-${key}`)
  return existsSync(join(environment, 'complete')) ? join(environment, 'bin/python') : undefined
}
