import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningPostgres } from './postgres.ts'

/** What the audience of a job's token must be for the gateways of the tests. */
export const AUDIENCE = 'https://gateway.test'
/** The group that every token of test/parts/issuer.ts has there. */
export const JOB_GROUP = 'github/repo:acme/reports'

/** A configuration as it is written in the file, to be changed at will; JSON is YAML. */
export interface WrittenConfig {
  gateway: Record<string, unknown>
  issuers: Record<string, unknown>[]
  resources: Record<string, unknown>[]
  rules: WrittenRule[]
  masks?: Readonly<Record<string, unknown>>[]
  masking?: Readonly<Record<string, unknown>>
  budgets?: Record<string, unknown>[]
  limits?: Record<string, unknown>
  trail?: Record<string, unknown>
}

export interface WrittenRule {
  readonly name: string
  readonly effect: 'allow' | 'ask' | 'deny'
  readonly who?: { readonly groups?: readonly string[] }
  readonly on?: { readonly resources?: readonly string[]; readonly tags?: readonly string[] }
  readonly do: readonly string[]
  readonly when?: string
  readonly limits?: Readonly<Record<string, string | number>>
  readonly say?: string
  readonly approvers?: { readonly groups?: readonly string[]; readonly count?: number }
  readonly for?: string
  readonly stream?: boolean
}

export const ALLOW_ALL: WrittenRule = { name: 'reports-may', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['postgres.*'] }
/** Also what has to be named: for tests that are about something else than the rules. */
export const ALLOW_EVERYTHING: WrittenRule = {
  ...ALLOW_ALL,
  do: ['postgres.*', 'postgres.credential', 'postgres.backend', 'postgres.statistics'],
}
export const DENY_ALL: WrittenRule = { name: 'nobody-may', effect: 'deny', do: ['postgres.*'], say: 'Ask the owner of this resource.' }

/** The issuer of test/parts/issuer.ts as GitHub Actions would be configured. */
export function writtenIssuer(url: string): Record<string, unknown> {
  return {
    name: 'github',
    issuer: url,
    insecureLoopback: true,
    audience: AUDIENCE,
    accept: { repository_owner_id: '1234567', repository_id: '987654', event_name: ['push', 'schedule'] },
    groups: ['repo:{repository}'],
    run: {
      id: ['{repository_id}', '{run_id}', '{run_attempt}'],
      repository: '{repository}',
      workflow: '{workflow}',
      commit: '{sha}',
      attempt: '{run_attempt}',
      launcher: '{actor_id}',
    },
  }
}

export interface TargetOptions {
  readonly name: string
  readonly server: RunningPostgres
  readonly user: string
  readonly password?: string
  /** The client's database name → the target's. */
  readonly databases: Readonly<Record<string, string>>
  /** TLS towards the server; it must have been started with it. */
  readonly encrypted?: boolean
}

/** @param folder where the files go that the configuration refers to */
export function writtenResource(folder: string, target: TargetOptions): Record<string, unknown> {
  const { name, server, user, password, databases, encrypted } = target
  const file = (suffix: string, content: string) => {
    writeFileSync(join(folder, `${name}.${suffix}`), content, { mode: 0o600 })
    return `file:./${name}.${suffix}`
  }
  return {
    name,
    kind: 'postgres',
    address: `127.0.0.1:${server.port}`,
    aliases: Object.keys(databases),
    databases,
    tls: encrypted ? { verify: 'full', ca: file('ca.pem', server.certificates?.ca ?? ''), serverName: 'localhost' } : { verify: 'off' },
    credentials: [{ as: 'job', user, ...(password === undefined ? {} : { password: file('password', password) }) }],
  }
}
