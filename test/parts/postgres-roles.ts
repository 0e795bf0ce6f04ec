import type { RunningPostgres } from './postgres.ts'

/** A role that must log in by one method, and its password where it has one. */
export interface LogInRole {
  readonly user: string
  readonly password: string | undefined
}

/** One role per method, for one server that knows them all. The passwords are fixed: the server lives for one test. */
export const logInRoles = {
  trust: { user: 'by_trust', password: undefined },
  password: { user: 'by_password', password: 'clear-7f1c' },
  md5: { user: 'by_md5', password: 'md5-93ab' },
  scram: { user: 'by_scram', password: 'scram-51de' },
  cert: { user: 'by_cert', password: undefined },
} as const satisfies Record<string, LogInRole>

/** For `startPostgres({ tls: true, hba: logInHba })`; the cert role needs TLS, the others log in with and without. */
export const logInHba: readonly string[] = [
  'host all by_trust 127.0.0.1/32 trust',
  'host all by_password 127.0.0.1/32 password',
  'host all by_md5 127.0.0.1/32 md5',
  'host all by_scram 127.0.0.1/32 scram-sha-256',
  'hostssl all by_cert 127.0.0.1/32 cert',
]

/** Creates the roles of {@link logInRoles} on a server started with {@link logInHba}. */
export async function createLogInRoles(server: RunningPostgres): Promise<void> {
  const { trust, password, md5, scram, cert } = logInRoles
  await server.query(`
    CREATE ROLE ${trust.user} LOGIN;
    CREATE ROLE ${cert.user} LOGIN;
    SET password_encryption = 'scram-sha-256';
    CREATE ROLE ${password.user} LOGIN PASSWORD '${password.password}';
    CREATE ROLE ${scram.user} LOGIN PASSWORD '${scram.password}';
    SET password_encryption = 'md5';
    CREATE ROLE ${md5.user} LOGIN PASSWORD '${md5.password}';
  `)
}
