import { join } from 'node:path'
import { debianPostgres } from '../../parts/postgres-binaries.ts'
import { found } from '../../parts/require.ts'
import type { Driver } from '../differential/driver.ts'
import { pythonWithDrivers } from '../differential/python.ts'
import { pgjdbcJar, pgxProgram } from './installed.ts'

const folder = import.meta.dirname

/** Real clients with scripts after which nothing is changed: connecting, pool reset, introspection and filling a table, as they do them by themselves. */
export function clients(): readonly Driver[] {
  const psql = found('psql')
  const debian = debianPostgres(15)
  const python = pythonWithDrivers()
  const pgx = pgxProgram()
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
  const dump = join(debian?.bin ?? '', 'pg_dump')
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
    {
      name: 'pgx',
      missing: pgx ? undefined : 'pgx (.ci/suites/05-postgres-clients builds it)',
      command: [pgx ?? 'pgx'],
      folder,
    },
    { name: 'pgjdbc', ...ofJava() },
    { name: 'pg_dump -s', ...ofDebian, command: [dump, '-s', '--no-password'], ...VOLATILE },
    { name: 'pg_dump of two schemas', ...ofDebian, command: [dump, '-n', 'public', '-n', 'staging', '--no-password'], ...VOLATILE },
  ]
}

/** What the sample configuration does not let a job do, as clients ask for it. */
export function refusedClients(): readonly Driver[] {
  const program = found('psql')
  const psql = { missing: program ? undefined : 'psql (Debian: postgresql-client)', folder }
  const command = [program ?? 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-c']
  return [
    { name: 'psql’s list of user mappings with their options', ...psql, command: [...command, '\\deu+'] },
    {
      name: 'a search_path that is asked for while connecting',
      ...psql,
      command: [...command, 'SELECT 1', 'options=-csearch_path=staging'],
    },
    { name: 'a search_path that is set later', ...psql, command: [...command, 'SET search_path = staging'] },
    { name: 'a snapshot for other connections, as pg_dump -j asks for it', ...psql, command: [...command, 'SELECT pg_export_snapshot()'] },
    { name: 'pgjdbc’s currentSchema', ...ofJava(['currentSchema', 'staging']) },
  ]
}

/** pgjdbc, where `.ci/suites/05-postgres-clients` has fetched it. @param words settings of the only connection; none: everything is tried */
function ofJava(words: readonly string[] = []): Omit<Driver, 'name'> {
  const java = found('java')
  const jar = pgjdbcJar()
  return {
    missing: java && jar ? undefined : 'pgjdbc and a JDK (.ci/suites/05-postgres-clients installs them)',
    // It lives for a second or two: nothing is won by compiling it better.
    command: [java ?? 'java', '-XX:TieredStopAtLevel=1', '-cp', jar ?? '', 'pgjdbc/Passes.java', ...words],
    folder,
  }
}

/** What psql and drivers print of the connection itself, and of the role that the session has at the target; the key of a dump. */
const VOLATILE = {
  volatile: /You are connected to .*|^ +Connection Information$[^(]*|(?<=host ")[^"]*|(?<=port ")[^"]*|(?<=^\\(un)?restrict ).*/gm,
}
