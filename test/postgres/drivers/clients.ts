import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
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
  const java = found('java')
  const pgjdbc = pgjdbcJar()
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
      missing: pgx ? undefined : 'Go 1.19 or newer (Debian: golang-go) and pgx, which `go build` fetches',
      command: [pgx ?? 'pgx'],
      folder,
    },
    {
      name: 'pgjdbc',
      missing: java && pgjdbc ? undefined : 'a JDK and pgjdbc (.ci/suites/05-postgres-clients installs them)',
      // It lives for a second or two: nothing is won by compiling it better.
      command: [java ?? 'java', '-XX:TieredStopAtLevel=1', '-cp', pgjdbc ?? '', 'pgjdbc/Passes.java'],
      folder,
    },
    { name: 'pg_dump -s', ...ofDebian, command: [dump, '-s', '--no-password'], ...VOLATILE },
    { name: 'pg_dump of one table', ...ofDebian, command: [dump, '-t', 'orders', '--no-password'], ...VOLATILE },
  ]
}

/** What psql and drivers print of the connection itself, and of the role that the session has at the target; the key of a dump. */
const VOLATILE = { volatile: /You are connected to .*|(?<=host ")[^"]*|(?<=port ")[^"]*|(?<=^\\(un)?restrict ).*/gm }

/** Where `.ci/run` keeps what is slow to fetch or to build. */
const cache = process.env.GATESCRIBE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gatescribe')

/** The driver in the version of pgjdbc/jar.sha256, where `.ci/suites/05-postgres-clients` has fetched it. */
function pgjdbcJar(): string | undefined {
  const name = readFileSync(join(folder, 'pgjdbc/jar.sha256'), 'utf8').trim().split(/ +/)[1] ?? ''
  const jar = join(cache, 'pgjdbc', name)
  return existsSync(jar) ? jar : undefined
}

/** The program of the folder pgx. Go knows by itself whether it has to be built again. */
function pgxProgram(): string | undefined {
  const go = found('go')
  if (go === undefined) return undefined
  const program = join(cache, 'pgx/passes')
  mkdirSync(join(cache, 'pgx'), { recursive: true })
  const { status } = spawnSync(go, ['build', '-o', program, '.'], {
    cwd: join(folder, 'pgx'),
    env: {
      ...process.env,
      // What is installed, and nothing that it would fetch to replace itself.
      ...{ GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false', GOWORK: 'off', CGO_ENABLED: '0' },
      ...{ GOMODCACHE: join(cache, 'go/mod'), GOCACHE: join(cache, 'go/build') },
    },
    timeout: 240_000,
  })
  return status === 0 ? program : undefined
}
