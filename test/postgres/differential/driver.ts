import { spawn } from 'node:child_process'

/** How a client is told where its database is; the same names as in libpq's environment. */
export interface ClientSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | undefined
  readonly database: string
}

/** A real client with a script that exercises it. */
export interface Driver {
  readonly name: string
  /** Why it cannot run on this machine; undefined where it can. */
  readonly missing?: string | undefined
  readonly command: readonly string[]
  /** Files that belong to the script; it is run in this folder. */
  readonly folder: string
  /** A major version of Debian's PostgreSQL that the client needs at the other end. */
  readonly serverVersion?: number
  /** What it prints that differs in any two sessions. */
  readonly volatile?: RegExp
}

export interface DriverRun {
  readonly exitCode: number | null
  readonly stdout: string
  /** For the message of a failing test; clients print process ids and addresses there. */
  readonly stderr: string
}

/** Runs the script with nothing in its environment but what it needs. */
export function runDriver(driver: Driver, settings: ClientSettings): Promise<DriverRun> {
  const [program, ...rest] = driver.command as [string, ...string[]]
  const child = spawn(program, rest, {
    cwd: driver.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    env: {
      PATH: process.env.PATH,
      LC_ALL: 'C.UTF-8',
      PYTHONDONTWRITEBYTECODE: '1',
      PGHOST: settings.host,
      PGPORT: String(settings.port),
      PGUSER: settings.user,
      ...(settings.password === undefined ? {} : { PGPASSWORD: settings.password }),
      PGDATABASE: settings.database,
      // The tap reads the bytes, so neither way is encrypted.
      PGSSLMODE: 'disable',
      PGGSSENCMODE: 'disable',
      PGPASSFILE: '/dev/null',
    },
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const text = (chunks: Buffer[]) =>
    Buffer.concat(chunks)
      .toString()
      .replace(driver.volatile ?? /(?!)/, '…')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, stdout: text(stdout), stderr: text(stderr) }))
  })
}
