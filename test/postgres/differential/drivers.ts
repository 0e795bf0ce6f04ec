import { join } from 'node:path'
import { debianPostgres } from '../../parts/postgres-binaries.ts'
import { found } from '../../parts/require.ts'
import type { Driver } from './driver.ts'
import { pythonWithDrivers } from './python.ts'

const folder = join(import.meta.dirname, '../drivers')

/** Every client that is run both ways, whether or not this machine has it. */
export function drivers(): readonly Driver[] {
  const psql = found('psql')
  const debian = debianPostgres(15)
  const python = pythonWithDrivers()
  const pythonScript = (name: string, file: string): Driver => ({
    name,
    missing: python ? undefined : 'Python’s PostgreSQL drivers (.ci/suites/05-postgres-clients installs them)',
    command: [python ?? 'python3', file],
    folder,
  })
  return [
    { name: 'node-postgres', command: [process.execPath, 'node-postgres.ts'], folder },
    {
      name: 'psql',
      missing: psql ? undefined : 'psql (Debian: postgresql-client)',
      command: [psql ?? 'psql', '-X', '-f', 'psql.sql'],
      folder,
      volatile: /(?<=server process with PID )\d+/g,
    },
    pythonScript('psycopg 3', 'psycopg_sync.py'),
    pythonScript('psycopg 3 on asyncio', 'psycopg_async.py'),
    pythonScript('asyncpg', 'asyncpg_script.py'),
    pythonScript('SQLAlchemy', 'sqlalchemy_reflect.py'),
    {
      name: 'pg_dump',
      missing: debian ? undefined : 'pg_dump and a server of its version (Debian: postgresql-15)',
      command: [join(debian?.bin ?? '', 'pg_dump'), '--no-password', '--restrict-key=differential'],
      folder,
      serverVersion: 15,
    },
  ]
}
