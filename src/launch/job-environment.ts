import type { ExchangeAnswer } from '../api/token/index.ts'
import { LaunchError } from './errors.ts'

export interface Surface {
  /** Of the token door: its host is where the PostgreSQL door is, unless the gateway says otherwise. */
  readonly gateway: URL
  /** Absolute path of the CA that the job trusts; absent: the system's (libpq 16 and newer). */
  readonly caFile?: string
}

/** Variables that point PostgreSQL clients at the gateway. PGPASSWORD is the plane credential: it opens nothing else, for minutes. */
export type JobEnvironment = Readonly<Record<'PGHOST' | 'PGPORT' | 'PGUSER' | 'PGPASSWORD' | 'PGSSLMODE' | 'PGSSLROOTCERT', string>>

/**
 * The run handle is not among them: it belongs to whoever launches the job, not to the job.
 * @throws LaunchError where the answer holds what no variable can
 */
export function jobEnvironment({ gatescribe }: ExchangeAnswer, { gateway, caFile }: Surface): JobEnvironment {
  const { user, credential, host, port } = gatescribe.planes.postgres
  const environment = {
    PGHOST: host ?? gateway.hostname.replace(/^\[|\]$/g, ''),
    PGPORT: String(port ?? 5432),
    PGUSER: user,
    PGPASSWORD: credential,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: caFile ?? 'system',
  }
  for (const value of Object.values(environment)) if (!/^[^\p{Cc}]+$/u.test(value)) throw new LaunchError('GS_LAUNCH_ANSWER')
  return environment
}

type Environment = Readonly<Record<string, string>>

/** Lines that a POSIX shell evaluates; every value is quoted. */
export function exportLines(environment: Environment): string {
  return lines(environment, (name, value) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`)
}

/** Lines that a POSIX shell evaluates. A name that is none to a shell cannot be unset by it, and would be run. */
export function unsetLines(names: readonly string[]): string {
  return names.map((name) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `unset ${name}\n` : '')).join('')
}

/**
 * Lines of an env file as `docker run --env-file` and `$GITHUB_ENV` read them: nothing is quoted.
 * @throws LaunchError GS_LAUNCH_ANSWER where a value would begin another line
 */
export function envFileLines(environment: Environment): string {
  for (const value of Object.values(environment)) if (/\p{Cc}/u.test(value)) throw new LaunchError('GS_LAUNCH_ANSWER')
  return lines(environment, (name, value) => `${name}=${value}`)
}

function lines(environment: Environment, line: (name: string, value: string) => string): string {
  return Object.entries(environment)
    .map(([name, value]) => `${line(name, value)}\n`)
    .join('')
}
