import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ApprovalSettings,
  type ApprovingPerson,
  type AskedFor,
  type AskMode,
  type AtRelease,
  createApprovals,
  effectiveDigest,
  type RunningApprovals,
} from '../../src/approvals/index.ts'
import { RunRecords } from '../../src/gateway/run-records.ts'
import type { AskTerms, EffectiveOperation, Grant, Run, RunFacts, RunId } from '../../src/operations/index.ts'
import { type BudgetAccount, type BudgetSettings, LiveRuns, type LiveSession, type LogPlace } from '../../src/runs/index.ts'
import { type EmbeddedDatabase, embeddedApprovalStore, embeddedRunStore, openDatabase } from '../../src/store/index.ts'
import type { PayloadKey, StoredEntry, Trail, TrailOptions } from '../../src/trail/index.ts'
import { TestTrail, testSealer } from './trail.ts'
import { budgetsOf } from './unlimited.ts'

const MINUTE = 60_000

export const POLICY = 'sha256:policy-1'

/** Somebody who signed in at `okta`, with an account at `ci`. */
export function personOf(name: string, more: Partial<ApprovingPerson> & { readonly groups?: readonly string[] } = {}): ApprovingPerson {
  const { groups = ['okta/sre'], ...rest } = more
  return {
    person: { kind: 'person', issuer: 'okta', subject: name, groups },
    displayName: `${name} of okta`,
    accounts: { ci: `${name}@ci` },
    roles: new Set(['approver'] as const),
    ...rest,
  }
}

export const termsOf = (more: Partial<AskTerms> = {}): AskTerms => ({
  requirements: [{ rule: 'ask-first', groups: ['okta/sre'], count: 1 }],
  for: 15 * MINUTE,
  stream: false,
  ...more,
})

export const effectiveOf = (sql: string, more: Partial<EffectiveOperation> = {}): EffectiveOperation => ({
  protocol: 'postgres',
  resource: 'orders-db',
  database: 'orders',
  parts: [{ label: 'statement', content: Buffer.from(sql) }],
  session: { search_path: 'public', user: 'gatescribe' },
  facts: [{ effects: [{ class: 'write', action: 'delete' }] }],
  stream: false,
  ...more,
})

/** Approvals over a real trail, store and runs; time is the test's own. */
export class ApprovalHouse {
  readonly at = new TestTrail()
  readonly folder = mkdtempSync(join(tmpdir(), 'gatescribe-approvals-'))
  readonly sealer = testSealer()
  now = 1_700_000_000_000
  settings: Pick<ApprovalSettings, 'unlinkedLauncher'> = { unlinkedLauncher: 'refuse' }
  database!: EmbeddedDatabase
  trail!: Trail
  runs!: LiveRuns
  approvals!: RunningApprovals
  readonly #sessions = new Map<RunId, { readonly live: LiveSession; readonly key: PayloadKey }>()

  async open(
    policy = POLICY,
    budgets: readonly BudgetSettings[] = [],
    options: Partial<TrailOptions> = {},
    people = 'sha256:people-1',
  ): Promise<this> {
    this.database = openDatabase(this.folder)
    this.trail = await this.at.open(options)
    const records = new RunRecords(this.trail, 'disk')
    this.approvals = createApprovals({
      store: embeddedApprovalStore(this.database),
      sealer: this.sealer,
      trail: this.trail,
      runs: { run: (id) => this.runs.run(id), expect: (id) => this.runs.expect(id) },
      settings: () => this.settings,
      link: (id) => `https://gw.example/approvals/${id}`,
      recorded: (place) => this.#recorded(place),
      now: () => this.now,
    })
    this.runs = new LiveRuns({
      store: embeddedRunStore(this.database),
      observer: {
        notBefore: () => records.notBefore(),
        started: (run) => records.started(run),
        find: (run, from) => records.find(run, from),
        joined: (run, account) => records.joined(run, account),
        over: (run, state, account, how) => {
          this.approvals.runEnded(run.id, account)
          return records.over(run, state, account, how)
        },
        killed: (session, run, account, by) => records.killed(session, run, account, by),
        suspended: (run, account, suspension) => records.suspended(run, account, suspension),
        resumed: (run, account, by) => records.resumed(run, account, by),
        crossed: (run, account, crossing) => records.crossed(run, account, crossing),
        crowded: (start, crossing) => records.crowded(start, crossing),
      },
      budgets: budgetsOf(budgets),
    })
    this.approvals.start(policy, people)
    return this
  }

  /** A run with one session. */
  async run(id = 'run_a', facts: RunFacts = { launcher: 'eve@ci' }): Promise<Run> {
    const principal = { kind: 'job', issuer: 'ci', subject: `repo of ${id}`, groups: [] } as const
    const { run } = await this.runs.begin({ id: id as RunId, principal, facts })
    const resource = { name: 'orders-db', kind: 'postgres', tags: [] } as const
    const live = this.runs.openSession(run, resource, { address: '127.0.0.1:1', tls: true })
    const key = this.trail.sessionKey()
    const who = { pseudonym: this.trail.pseudonym('ci', principal.subject), kind: 'job', proof: 'proven' }
    await this.trail.durable({ kind: 'session.open', fields: { session: live.id, run: run.id, who, key: key.id, resource: 'orders-db' } })
    this.#sessions.set(run.id, { live, key })
    return run
  }

  /** The client of its session is gone. */
  async leave(run: Run): Promise<void> {
    const { live } = this.sessionOf(run)
    live.close()
    const { index } = await this.trail.durable({ kind: 'session.close', fields: { session: live.id, reason: 'client-closed' } })
    live.recorded({ decisions: { allow: 0, ask: 0, deny: 0 }, exact: true }, index)
  }

  sessionOf(run: Run): { readonly live: LiveSession; readonly key: PayloadKey } {
    const session = this.#sessions.get(run.id)
    if (!session) throw new Error(`${run.id} has no session`)
    return session
  }

  asked(run: Run, sql: string, more: Partial<AskedFor> = {}): AskedFor {
    const { live, key } = this.sessionOf(run)
    const budget: Pick<BudgetAccount, 'reserveAsk'> = live.budget
    const about = { run, session: live.id, key, budget, resource: { name: 'orders-db', kind: 'postgres' } as const }
    return { ...about, terms: termsOf(), policy: POLICY, effective: effectiveOf(sql), ...more }
  }

  ask(run: Run, sql: string, more: Partial<AskedFor> = {}, mode: AskMode = 'hold') {
    return this.approvals.ask(this.asked(run, sql, more), mode)
  }

  release(run: Run, sql: string, more: Partial<AtRelease> = {}): AtRelease {
    const digest = effectiveDigest(run.id, effectiveOf(sql))
    return { policy: POLICY, terms: termsOf(), digest, session: this.sessionOf(run).live.id, ...more }
  }

  /** As the guard does: the intent is staged right behind it. */
  async spend(run: Run, sql: string, grant: Grant, more: Partial<AtRelease> = {}) {
    const refusal = this.approvals.spend(grant, this.release(run, sql, more))
    await this.#durable()
    return refusal
  }

  /** Those of approvals, in order. */
  async entries(): Promise<readonly StoredEntry[]> {
    await this.#durable()
    const entries = await this.at.entries()
    return entries.filter(({ kind }) => kind.startsWith('approval.'))
  }

  async story(): Promise<readonly string[]> {
    return (await this.entries()).map(({ kind, fields }) =>
      [kind.slice('approval.'.length), fields.verdict ?? fields.state, fields.why].filter((word) => word !== undefined).join(' '),
    )
  }

  /** Everything but the files goes, as in a crash: nothing more is said or written. */
  async crash(): Promise<void> {
    this.runs.close()
    this.database.close()
    await this.at.close()
  }

  async close(): Promise<void> {
    this.approvals.close()
    await this.crash()
  }

  async remove(): Promise<void> {
    await this.at.remove()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #durable(): Promise<void> {
    return new Promise((durable) => this.trail.whenDurable(() => durable()))
  }

  async #recorded({ index }: LogPlace): Promise<ReadonlyMap<string, Uint8Array>> {
    for await (const entry of this.trail.read({ from: index }))
      return new Map(entry.payloads().flatMap(({ name, content }) => (content ? [[name, content] as const] : [])))
    return new Map()
  }
}
