import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { boundToThisProcess } from '../../test/parts/lifetime.ts'
import { freePort } from '../../test/parts/ports.ts'
import type { RunningPostgres } from '../../test/parts/postgres.ts'
import { found } from '../../test/parts/require.ts'
import { asUnprivileged, giveToUnprivileged } from '../../test/parts/unprivileged.ts'
import type { Contender } from './contender.ts'

/**
 * PgBouncer with session pooling: a server connection per client, as the gateway has it.
 *
 * @param encrypted TLS on both halves, with the server's own certificate; else on neither
 * @returns undefined where it is not installed (Debian package pgbouncer)
 */
export async function startPgBouncer(
  server: RunningPostgres,
  user: string,
  database: string,
  encrypted: boolean,
): Promise<Contender | undefined> {
  // Debian puts it where only root looks.
  const program = found('pgbouncer') ?? ['/usr/sbin/pgbouncer'].find((path) => existsSync(path))
  if (!program) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-pgbouncer-'))
  chmodSync(folder, 0o755)
  const port = await freePort()
  const { certificates } = server
  if (encrypted) {
    if (!certificates) throw new Error('a server without TLS cannot be reached with it')
    writeFileSync(join(folder, 'ca.crt'), certificates.ca)
    writeFileSync(join(folder, 'server.crt'), certificates.server.certificate)
    writeFileSync(join(folder, 'server.key'), certificates.server.key, { mode: 0o600 })
  }
  writeFileSync(join(folder, 'users.txt'), `"${user}" ""\n`)
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    [
      '[databases]',
      `${database} = host=${server.host} port=${server.port} dbname=${database} user=${user}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = trust',
      `auth_file = ${join(folder, 'users.txt')}`,
      'pool_mode = session',
      'server_reset_query =', // A client’s connection is its own here; a reset would be work that nobody else does.
      'max_client_conn = 500',
      'default_pool_size = 200',
      `client_tls_sslmode = ${encrypted ? 'require' : 'disable'}`,
      `server_tls_sslmode = ${encrypted ? 'verify-full' : 'disable'}`,
      ...(encrypted
        ? [
            `client_tls_cert_file = ${folder}/server.crt`,
            `client_tls_key_file = ${folder}/server.key`,
            `server_tls_ca_file = ${folder}/ca.crt`,
          ]
        : []),
      'log_connections = 0',
      'log_disconnections = 0',
      '',
    ].join('\n'),
  )
  giveToUnprivileged(folder)
  const bouncer = spawn(program, ['-q', join(folder, 'pgbouncer.ini')], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...asUnprivileged(),
  })
  const said: Buffer[] = []
  bouncer.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  const release = boundToThisProcess(bouncer, folder)
  while (!(await answers(port))) {
    if (bouncer.exitCode !== null) throw new Error(`PgBouncer did not start: ${Buffer.concat(said)}`)
    await sleep(20)
  }
  return {
    name: 'PgBouncer',
    port,
    user,
    database,
    encrypted,
    pids: [bouncer.pid as number],
    async stop() {
      const ended = once(bouncer, 'exit')
      bouncer.kill('SIGTERM')
      await ended
      release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
