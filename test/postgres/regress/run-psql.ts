import { spawn } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningPostgres } from '../../parts/postgres.ts'
import { startPostgres } from '../../parts/postgres.ts'
import { debianPostgres } from '../../parts/postgres-binaries.ts'
import { asUnprivileged, giveToUnprivileged } from '../../parts/unprivileged.ts'
import type { RegressFiles } from './files.ts'

export const DATABASE = 'regression'

/** What pg_regress sets for the database (pg_regress.c, create_database). */
const SETTINGS = ["lc_messages TO 'C'", "lc_monetary TO 'C'", "lc_numeric TO 'C'", "lc_time TO 'C'", "bytea_output TO 'hex'"]

export interface RegressServer {
  readonly server: RunningPostgres
  /**
   * Runs one file with psql, as pg_regress would. What fails in it fails: a file may need what another has made.
   * @param port where the server is reached
   * @param limit ms after which psql is ended
   */
  run(name: string, port: number, limit: number): Promise<void>
}

/** A server of the files' own version where that is installed, with the files where it and psql can read them. */
export async function startRegressServer({ folder, major }: RegressFiles, psql: string): Promise<RegressServer> {
  const version = debianPostgres(major) ? { version: major } : {}
  const server = await startPostgres({ ...version, settings: { autovacuum: 'off', allow_in_place_tablespaces: 'on', jit: 'off' } })
  const files = join(server.folder, 'regress')
  cpSync(folder, files, { recursive: true })
  giveToUnprivileged(files)
  await server.query(`CREATE DATABASE ${DATABASE}`)
  await server.query(SETTINGS.map((setting) => `ALTER DATABASE ${DATABASE} SET ${setting}`).join('; '))
  const options = ['-X', '-q', '-d', DATABASE, '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on']
  return {
    server,
    async run(name, port, limit) {
      const env = {
        PATH: process.env.PATH,
        HOME: files,
        PGHOST: '127.0.0.1',
        PGPORT: String(port),
        PGUSER: 'postgres',
        PGTZ: 'PST8PDT',
        PGDATESTYLE: 'Postgres, MDY',
        PGOPTIONS: '-c intervalstyle=postgres_verbose -c statement_timeout=20s',
        PG_ABS_SRCDIR: files,
        PG_ABS_BUILDDIR: files,
        // Its functions in C are not built.
        PG_LIBDIR: '/nonexistent',
        PG_DLSUFFIX: '.so',
      }
      const child = spawn(psql, [...options, '-f', join(files, 'sql', `${name}.sql`)], {
        env,
        cwd: files,
        stdio: 'ignore',
        ...asUnprivileged(),
      })
      const ended = new Promise<void>((resolve, reject) => child.once('exit', () => resolve()).once('error', reject))
      const stop = new AbortController()
      await Promise.race([ended, sleep(limit, undefined, { signal: stop.signal }).catch(() => undefined)])
      stop.abort()
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}
