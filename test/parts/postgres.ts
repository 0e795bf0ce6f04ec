import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, cpSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { boundToThisProcess } from './lifetime.ts'
import { freePort } from './ports.ts'
import { dataTemplate, debianPostgres, type PostgresBinaries, packagedPostgres } from './postgres-binaries.ts'
import { issueTestCertificates, type TestCertificates } from './test-certificates.ts'
import { asUnprivileged, giveToUnprivileged } from './unprivileged.ts'

export interface PostgresOptions {
  /** A major version of Debian's packages, where installed; the packaged PostgreSQL otherwise. */
  readonly version?: number
  /** Another PostgreSQL than these. */
  readonly binaries?: PostgresBinaries
  /** Lines of pg_hba.conf after the one that lets the superuser in from 127.0.0.1; default: everybody is trusted. */
  readonly hba?: readonly string[]
  /** Lines for postgresql.conf: `{ wal_level: 'logical' }`. Values are quoted here. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** The folder that its own is made in; where it is quick by default, in memory if that can be had. */
  readonly storage?: string
  /** Serve TLS with a certificate for localhost and 127.0.0.1, and accept client certificates of the same CA. */
  readonly tls?: boolean
  /** Write every statement to the server's own log. */
  readonly logStatements?: boolean
}

export interface RunningPostgres {
  readonly host: '127.0.0.1'
  readonly port: number
  /** `18.4.0-beta.17`, `debian-15`. */
  readonly version: string
  /** Process id of the postmaster. */
  readonly pid: number
  /** Connection string of the superuser `postgres` to the database `postgres`, without TLS. */
  readonly url: string
  /** The server's own folder: data, log, certificates. Removed by `stop`. */
  readonly folder: string
  /** There with `tls: true`. */
  readonly certificates: TestCertificates | undefined
  /** The server's own log so far. */
  log(): string
  /** Runs SQL as the superuser on a connection of its own. @returns the rows of the (last) result */
  query(sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>
  /** The same in another database, as another user who is trusted there. */
  queryIn(at: { database: string; user: string }, sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>
  /** Stops the server (open sessions are cut) and removes its folder. */
  stop(): Promise<void>
}

const EVERYBODY_TRUSTED = ['host all all 127.0.0.1/32 trust']

/** Starts a real PostgreSQL on a free port of 127.0.0.1, in under 0.2 s once its data template is in the cache. */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const postgres = options.binaries ?? (options.version === undefined ? packagedPostgres() : debianPostgres(options.version))
  if (!postgres) throw new Error(`PostgreSQL ${options.version} is not installed (Debian package postgresql-${options.version})`)
  const folder = mkdtempSync(join(options.storage ?? quickStorage(), 'gatescribe-postgres-'))
  chmodSync(folder, 0o755)
  const certificates = options.tls ? await issueTestCertificates() : undefined
  layOut(folder, dataTemplate(postgres), options, certificates)
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    const server = await launch(postgres, folder, port)
    if (server) return running(postgres.version, server, folder, port, certificates)
    if (attempt === 5) throw new Error(`PostgreSQL did not start:\n${readFileSync(join(folder, 'log'), 'utf8')}`)
  }
}

/** Memory where it can be had: a data folder is a thousand small files, which a disk takes half a second to create. */
function quickStorage(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > 2 ** 30 ? memory : tmpdir()
}

function layOut(folder: string, template: string, options: PostgresOptions, certificates: TestCertificates | undefined): void {
  const data = join(folder, 'data')
  cpSync(template, data, { recursive: true })
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off', // Its data need not outlive the test.
    log_line_prefix: '%m [%p] %q%u@%d ',
    log_statement: options.logStatements ? 'all' : 'none',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...options.settings,
  }
  if (certificates) {
    writeFileSync(join(data, 'server.crt'), certificates.server.certificate)
    writeFileSync(join(data, 'server.key'), certificates.server.key, { mode: 0o600 })
    writeFileSync(join(data, 'ca.crt'), certificates.ca)
    Object.assign(settings, { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key', ssl_ca_file: 'ca.crt' })
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'\n`)
  writeFileSync(join(data, 'postgresql.auto.conf'), lines.join(''))
  const hba = ['host all postgres 127.0.0.1/32 trust', ...(options.hba ?? EVERYBODY_TRUSTED)]
  writeFileSync(join(data, 'pg_hba.conf'), `${hba.join('\n')}\n`)
  chmodSync(data, 0o700)
  giveToUnprivileged(folder)
}

/** @returns undefined if somebody took the port meanwhile */
async function launch(postgres: PostgresBinaries, folder: string, port: number): Promise<ChildProcess | undefined> {
  const logFile = join(folder, 'log')
  const log = openSync(logFile, 'w')
  const server = spawn(join(postgres.bin, 'postgres'), ['-D', join(folder, 'data'), '-p', String(port)], {
    env: postgres.env,
    cwd: folder,
    stdio: ['ignore', log, log],
    ...asUnprivileged(),
  })
  closeSync(log)
  server.once('error', () => undefined)
  for (;;) {
    await sleep(5)
    const said = readFileSync(logFile, 'utf8')
    if (said.includes('database system is ready to accept connections')) return server
    if (server.exitCode === null && server.signalCode === null && server.pid !== undefined) continue
    if (said.includes('Address already in use')) return undefined
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`PostgreSQL ended at once:\n${said}`)
  }
}

function running(
  version: string,
  server: ChildProcess,
  folder: string,
  port: number,
  certificates: TestCertificates | undefined,
): RunningPostgres {
  const release = boundToThisProcess(server, folder)
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  return {
    host: '127.0.0.1',
    version,
    port,
    pid: server.pid as number,
    url,
    folder,
    certificates,
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    query: (sql, parameters) => query(url, sql, parameters),
    queryIn: ({ database, user }, sql, parameters) => query(`postgres://${user}@127.0.0.1:${port}/${database}`, sql, parameters),
    async stop() {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, 'exit')
        server.kill('SIGINT') // Fast shutdown: sessions are ended, then it stops.
        const timer = setTimeout(() => server.kill('SIGKILL'), 3_000)
        await ended
        clearTimeout(timer)
      }
      release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function query(url: string, sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new Client(url)
  await client.connect()
  try {
    const result = await client.query(sql, parameters)
    // Several statements in one query give several results; node-postgres types only the one.
    return ([result].flat().at(-1)?.rows ?? []) as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}
