import type { OwnRunAnswer } from '../api/admin/index.ts'
import { LaunchError } from './errors.ts'

/** Variables that point PostgreSQL clients of a person at one resource behind the gateway. PGPASSWORD opens nothing else, for minutes. */
export type PersonEnvironment = Readonly<
  Record<'PGHOST' | 'PGPORT' | 'PGUSER' | 'PGPASSWORD' | 'PGSSLMODE' | 'PGSSLROOTCERT' | 'PGOPTIONS', string> & { PGDATABASE?: string }
>

/** What would take a client elsewhere although PGHOST says otherwise, or with other settings: unset where a command is started. */
export const LEADS_ELSEWHERE = ['PGHOSTADDR', 'PGSERVICE', 'PGSERVICEFILE', 'PGSYSCONFDIR', 'PGREQUIRESSL', 'PGSSLNEGOTIATION'] as const

/**
 * @param caFile absolute path of the CA to trust; undefined: the system's (libpq 16 and newer)
 * @param env whose PGOPTIONS are kept, and whose PGDATABASE counts
 * @throws LaunchError where the answer holds what no variable can
 */
export function personEnvironment(
  { resource, database, planes: { postgres } }: OwnRunAnswer,
  caFile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): PersonEnvironment {
  if (postgres === undefined) throw new LaunchError('GS_LAUNCH_ANSWER')
  const asked = env.PGDATABASE || database
  const environment = {
    PGHOST: postgres.host,
    PGPORT: String(postgres.port),
    PGUSER: postgres.user,
    PGPASSWORD: postgres.credential,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: caFile ?? 'system',
    // libpq-connect, "options": a backslash before what would end the value.
    PGOPTIONS: [env.PGOPTIONS, `-c gatescribe.resource=${resource.replace(/[\\\s]/g, String.raw`\$&`)}`].filter(Boolean).join(' '),
    ...(asked && { PGDATABASE: asked }),
  }
  for (const value of Object.values(environment)) if (!/^[^\p{Cc}]+$/u.test(value)) throw new LaunchError('GS_LAUNCH_ANSWER')
  return environment
}
