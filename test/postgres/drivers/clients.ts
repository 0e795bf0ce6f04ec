import { join } from 'node:path'
import { debianPostgres } from '../../parts/postgres-binaries.ts'
import { found } from '../../parts/require.ts'
import type { Driver } from '../differential/driver.ts'
import { pythonWithDrivers } from '../differential/python.ts'

const folder = import.meta.dirname

/** Real clients with scripts that only read: connecting, pool reset and introspection, as they do them by themselves. */
export function clients(): readonly Driver[] {
  const psql = found('psql')
  const debian = debianPostgres(15)
  const python = pythonWithDrivers()
  const pythonScript = (name: string, file: string): Driver => ({
    name,
    missing: python ? undefined : 'Python’s PostgreSQL drivers (.ci/suites/05-postgres-clients installs them)',
    command: [python ?? 'python3', file],
    folder,
    ...VOLATILE,
  })
  const ofDebian = {
    missing: debian ? undefined : 'psql, pg_dump and a server of their version (Debian: postgresql-15)',
    serverVersion: 15,
    folder,
  }
  return [
    { name: 'node-postgres', command: [process.execPath, 'node-postgres-pool.ts'], folder },
    {
      name: 'psql',
      missing: psql ? undefined : 'psql (Debian: postgresql-client)',
      command: [psql ?? 'psql', '-X', '-f', 'psql_describe.sql'],
      folder,
      ...VOLATILE,
    },
    {
      name: 'psql of the server’s version',
      ...ofDebian,
      command: [join(debian?.bin ?? '', 'psql'), '-X', '-f', 'psql_describe.sql'],
      ...VOLATILE,
    },
    pythonScript('psycopg 3', 'psycopg_introspect.py'),
    pythonScript('asyncpg', 'asyncpg_introspect.py'),
    pythonScript('SQLAlchemy', 'sqlalchemy_introspect.py'),
    pythonScript('Django', 'django_inspect.py'),
  ]
}

/** What psql and drivers print of the connection itself, and of the role that the session has at the target. */
const VOLATILE = { volatile: /You are connected to .*|(?<=host ")[^"]*|(?<=port ")[^"]*/g }
