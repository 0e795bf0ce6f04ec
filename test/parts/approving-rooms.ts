import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { loadConfig } from '../../src/config/index.ts'
import { createMasterKey } from '../../src/credentials/index.ts'
import { openRooms, type Rooms } from '../../src/gateway/rooms.ts'
import { whoApproves } from '../../src/gateway/who-approves.ts'
import type { Admission, Approved, Session, Waiting } from '../../src/guard/index.ts'
import type { Decided, EffectiveOperation, Facts, PostgresResource, Refusal, Run, RunId } from '../../src/operations/index.ts'
import type { PostgresAsk, PostgresTarget } from '../../src/protocols/postgres/index.ts'

/** A rule that asks `okta/sre` before anything is deleted, and one that allows the rest. */
export const ASKING = `
  - { name: may, effect: allow, do: [postgres.*] }
  - { name: ask-first, effect: ask, do: [postgres.delete], approvers: { groups: [okta/sre] } }
`
/** The same, as often as one likes. */
export const ASKING_OFTEN = `${ASKING}budgets: [{ name: many, per: run, limit: { approvalsAsked: 1000000 } }]
`

export interface ApprovingConfig {
  /** Name of the key file in the folder, without `.key`. */
  readonly key?: string
  readonly rules?: string
}

/** Writes a configuration of a gateway that asks persons. @returns its path */
export function approvingConfig(folder: string, { key = 'master', rules = ASKING }: ApprovingConfig = {}): string {
  const path = join(folder, `${key}.yaml`)
  writeFileSync(join(folder, 'password'), 'never used', { mode: 0o600 })
  writeFileSync(
    path,
    `gateway:
  origin: example.org/approvals
  data: ./data
  listen: { postgres: "127.0.0.1:0", token: "127.0.0.1:0", admin: "127.0.0.1:0" }
  adminUrl: https://gw.example.org
  tls: { names: [gw.example.org] }
  masterKey: file:./${key}.key
issuers:
  - { name: okta, issuer: "https://acme.okta.com", people: { clientId: gw, groups: "{groups}" } }
  - name: ci
    issuer: https://ci.example.org
    audience: gw
    accept: { repository_id: "1" }
    immutable: [repository_id]
    groups: ["repo:{repository}"]
    run: { id: ["{run_id}"], repository: "{repository}", workflow: "{workflow}", commit: "{sha}", attempt: "{attempt}", launcher: "{actor_id}" }
resources:
  - name: orders-db
    kind: postgres
    address: 127.0.0.1:5432
    tls: { verify: off }
    credentials: [{ as: agent, user: agent, password: "file:./password" }]
rules:${rules}`,
  )
  return path
}

/** Every room of a gateway that asks persons, with a session of one run. No door is open, and no server is there. */
export class ApprovingRooms {
  readonly path: string
  readonly rooms: Rooms
  session!: Session<PostgresAsk, PostgresTarget>

  private constructor(path: string, rooms: Rooms) {
    this.path = path
    this.rooms = rooms
  }

  /** @param folder made of nothing, or what an earlier one left */
  static async open(folder: string, config: ApprovingConfig = {}): Promise<ApprovingRooms> {
    const { key = 'master' } = config
    await createMasterKey(join(folder, `${key}.key`)).catch(() => undefined)
    const path = approvingConfig(folder, config)
    const loaded = loadConfig(path, process.env)
    const rooms = await openRooms(loaded, pino({ level: 'silent' }))
    const { policy } = rooms.inForce.taken
    await rooms.records.gatewayStarted({ policy: policy.digest, config: loaded.digest }, loaded.text)
    rooms.approvals?.start(policy.digest, whoApproves(rooms.inForce.config))
    return new ApprovingRooms(path, rooms)
  }

  get approvals() {
    if (!this.rooms.approvals) throw new Error('nobody is asked here')
    return this.rooms.approvals
  }

  async run(id: RunId = 'run_a'): Promise<Run> {
    const principal = { kind: 'job', issuer: 'ci', subject: `repo of ${id}`, groups: [] } as const
    const { run } = await this.rooms.runs.begin({ id, principal, facts: { launcher: 'eve@ci' } })
    await this.connect(run)
    return run
  }

  async connect(run: Run): Promise<void> {
    const resource = this.rooms.inForce.taken.resources.get('orders-db') as PostgresResource
    this.session = await this.rooms.guard.open(run, resource, { address: '127.0.0.1:5', tls: true })
  }

  decide(sql: string, action = 'delete'): Decided {
    const facts: Facts = { effects: [{ class: action === 'select' ? 'read' : 'write', action }] }
    const operation = { protocol: 'postgres', form: 'query', statement: { text: Buffer.from(sql) }, facts } as const
    return { operation, decision: this.rooms.guard.decide(this.session, operation) }
  }

  effective(sql: string): EffectiveOperation {
    const parts = [{ label: 'statement', content: Buffer.from(sql) }]
    const about = { protocol: 'postgres', resource: 'orders-db', database: 'orders', facts: [], stream: false } as const
    return { ...about, parts, session: { search_path: 'public' } }
  }

  ask(sql: string): Promise<Waiting> {
    return this.rooms.guard.ask(this.session, [this.decide(sql)], this.effective(sql), { message: 'please' })
  }

  admit(decided: readonly Decided[], approved?: Approved): Promise<readonly (Admission | Refusal)[]> {
    return new Promise((answer) => this.rooms.guard.admit(this.session, decided, answer, approved))
  }

  /** The entries of approvals, as words. */
  async story(): Promise<readonly string[]> {
    await new Promise<void>((durable) => this.rooms.trail.whenDurable(() => durable()))
    const words: string[] = []
    for await (const { kind, fields } of this.rooms.trail.read()) {
      if (!kind.startsWith('approval.') && kind !== 'run.end') continue
      words.push([kind, fields.verdict ?? fields.state, fields.why].filter((word) => word !== undefined).join(' '))
    }
    return words
  }

  close(): Promise<void> {
    return this.rooms.close('asked')
  }
}
