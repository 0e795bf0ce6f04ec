import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { zstdCompressSync } from 'node:zlib'
import pino from 'pino'
import type { RetentionOperator } from '../../src/api/local/index.ts'
import type { Retention as Kept } from '../../src/config/index.ts'
import { MasterKey } from '../../src/credentials/index.ts'
import { Records } from '../../src/gateway/records.ts'
import { Retention } from '../../src/gateway/retention/index.ts'
import type { RetentionParts } from '../../src/gateway/retention/parts.ts'
import { RunRecords } from '../../src/gateway/run-records.ts'
import { Searching } from '../../src/gateway/searching/index.ts'
import type { PostgresResource, RunId } from '../../src/operations/index.ts'
import { segmentEntry } from '../../src/recording/entries.ts'
import { LiveRuns } from '../../src/runs/index.ts'
import {
  type EmbeddedDatabase,
  embeddedErasureRequests,
  embeddedHoldStore,
  embeddedRetentionStore,
  embeddedRunStore,
  openDatabase,
  openPayloadStore,
} from '../../src/store/index.ts'
import type { StoredEntry, Trail, TrailOptions } from '../../src/trail/index.ts'
import { TestTrail } from './trail.ts'
import { budgetsOf } from './unlimited.ts'

const DAY_MS = 24 * 3_600_000
const RESOURCE: PostgresResource = {
  ...{ name: 'orders-db', kind: 'postgres', tags: [], host: 'orders.internal', port: 5432, hosts: [], aliases: [] },
  databases: new Map(),
}

/** The rooms that retention works with, over a real trail in a folder of its own; its days go by as one says. */
export class Retained {
  readonly house: TestTrail
  readonly said: string[] = []
  /** `trail.retain` of the configuration. */
  retain: { entries?: Kept; payloads?: Kept; recordings?: Kept } = {}
  /** Whether what sessions are shown is recorded. */
  recorded = false
  trail!: Trail
  runs!: LiveRuns
  searching!: Searching
  retention!: Retention
  /** Days since the first start. */
  day = 0
  #database!: EmbeddedDatabase
  readonly #masterKey = new MasterKey(randomBytes(32).toString('hex'))
  readonly #began = Date.now() - 1000 * DAY_MS
  #sessions = 0

  /** Subjects of persons who are revoked. */
  readonly revoked = new Set<string>()
  readonly #people: RetentionParts['people']

  /** @param peopleSignIn whether erasing takes two persons */
  constructor(peopleSignIn = false) {
    this.#people = peopleSignIn ? { signIn: { isRevoked: ({ person }) => this.revoked.has(person.subject) } } : undefined
    this.house = new TestTrail(this.#masterKey.sealer('trail'))
  }

  get folder(): string {
    return this.house.folder
  }

  get operator(): RetentionOperator {
    return this.retention.operator('local-operator')
  }

  get now(): number {
    return this.#began + this.day * DAY_MS + (Date.now() % DAY_MS)
  }

  async open(options: Partial<TrailOptions> = {}): Promise<void> {
    const { house, folder } = this
    const clock = { wall: () => this.now, monotonic: () => performance.now() }
    this.trail = await house.open({ clock, segmentBytes: 256 * 1024, ...options })
    this.#database = openDatabase(folder)
    const { trail } = this
    const now = () => this.now
    this.runs = new LiveRuns({
      store: embeddedRunStore(this.#database),
      observer: new RunRecords(trail, 'disk'),
      budgets: budgetsOf(),
      now,
    })
    const log = pino({ level: 'warn' }, { write: (line: string) => void this.said.push(line) })
    this.searching = new Searching({ folder, origin: 'test.example/trail', trail, masterKey: this.#masterKey, log })
    const stores = {
      holds: embeddedHoldStore(this.#database),
      state: embeddedRetentionStore(this.#database),
      requests: embeddedErasureRequests(this.#database),
    }
    const inForce = { config: { trail: this } } as never
    const { runs, searching } = this
    const people = this.#people
    this.retention = new Retention({ folder, trail, runs, searching, records: new Records(trail), ...stores, people, inForce, log, now })
  }

  /** A run of a person: it has begun. */
  async begin(run: RunId, subject: string): Promise<void> {
    const principal = { kind: 'job', issuer: 'ci', subject, groups: ['ci/all'] } as const
    await this.runs.begin({ id: run, principal, facts: { repository: `repository of ${subject}` } })
  }

  /** A session of a live run, with operations as the guard records them. @param ends false: it stays open. @returns its id */
  async session(run: RunId, text: string, { operations = 3, ends = true } = {}): Promise<string> {
    const { trail, runs } = this
    const view = runs.run(run)
    if (!view) throw new Error(`there is no ${run}`)
    const live = runs.openSession(view.run, RESOURCE, { address: '10.0.0.7:5000', tls: true })
    const session = `ses_${++this.#sessions}`
    const key = trail.sessionKey()
    const { issuer, subject } = view.run.principal
    const who = { pseudonym: trail.pseudonym(issuer, subject), kind: 'job', proof: 'proven' }
    const recordingKey = this.recorded ? trail.sessionKey() : undefined
    const recording = recordingKey && { recording: { key: recordingKey.id } }
    const sealed = (name: string, content: string) => ({ name, key, content: Buffer.from(content) })
    trail.note({
      kind: 'session.open',
      fields: { session, run, who, resource: 'orders-db', protocol: 'postgres', key: key.id, effect: 'allow', ...recording },
      payloads: [sealed('client', JSON.stringify({ address: '10.0.0.7:5000', claimed: { user: `user of ${text}` } }))],
    })
    for (let n = 1; n <= operations; n++) {
      const first = n === 1 ? { decisions: [[1, 'allow', ['all'], 'sha256:00']] as const } : {}
      const statement = n === 1 ? [sealed('statement.1', `select ${text} from t`)] : []
      const payloads = [...statement, sealed(`parameters.${n}`, `${text} value${n}`)]
      trail.note({ kind: 'operation.intent', fields: { session, ops: [[n, 1, 1]], ...first }, payloads })
    }
    const outcomes = Array.from({ length: operations }, (_, n) => [n + 1, 'completed', 1, 10, 100] as const)
    trail.note({ kind: 'operation.outcome', fields: { session, outcomes } })
    if (recordingKey) {
      const encoded = {
        n: 1,
        content: new Uint8Array(zstdCompressSync(`${JSON.stringify({ gatescribe: 1 })}\n[0,"row",["${text}"]]\n`)),
        events: 1,
        bytes: 40,
      }
      trail.note(segmentEntry(session, 1, recordingKey, { ...encoded, leaked: [] }))
    }
    if (!ends) return session
    const counts = { allowed: operations, refused: 0, ...(recordingKey && { segments: 1 }) }
    const close = { kind: 'session.close', fields: { session, reason: 'client-closed', ...counts } } as const
    const { index } = await trail.durable(close)
    live.recorded({ decisions: { allow: operations, ask: 0, deny: 0 }, exact: true }, index)
    live.close()
    return session
  }

  /** Ends a run, and waits until the log says so. */
  async end(run: RunId): Promise<void> {
    this.runs.end(run)
    await this.runs.places(run)
  }

  /** A run that has begun and ended, with sessions. @returns their ids */
  async whole(run: RunId, subject: string, ...texts: readonly string[]): Promise<readonly string[]> {
    await this.begin(run, subject)
    const sessions: string[] = []
    for (const text of texts) sessions.push(await this.session(run, text))
    await this.end(run)
    return sessions
  }

  /** Other entries, until the next bundle begins. */
  async fill(): Promise<void> {
    for (let n = 1; n < 256; n++) this.trail.note({ kind: 'log.read', fields: { n } })
    await this.trail.durable({ kind: 'log.read', fields: { n: 256 } })
    await this.trail.publish()
  }

  entries(from = 0): Promise<StoredEntry[]> {
    return this.house.entries({ from })
  }

  /** Indexes of the entries that a search for these words finds. */
  async found(text: string): Promise<readonly number[]> {
    const { size } = await this.trail.publish()
    return (await this.searching.search({ text, oldest: true }, { limit: 100 }, size)).entries
  }

  /** What a check of the index against the log comes to. */
  async differences(): Promise<number> {
    const { size } = await this.trail.publish()
    for await (const step of this.searching.reindex(true, size, new AbortController().signal))
      if ('report' in step) return step.report.differences + step.report.unreadable
    throw new Error('the check of the index did not end')
  }

  /** Every secret byte string of these keys: as sealed in the key store, and the ends of what they sealed. */
  async remainsOf(keys: readonly string[]): Promise<readonly Buffer[]> {
    const { size } = await this.trail.publish()
    const payloads = openPayloadStore(this.folder)
    const wanted = new Set(keys)
    const found = keys.map((id) => Buffer.from(this.house.store.find(id)?.sealed as Uint8Array))
    for (let index = 0; index < size; index++)
      for (const { key, sealed } of payloads.find(index))
        if (wanted.has(key)) found.push(Buffer.from(sealed.subarray(0, 24)), Buffer.from(sealed.subarray(-24)))
    payloads.close()
    return found
  }

  /** Key of a session, as its first entry names it. */
  async keyOf(session: string): Promise<string> {
    const open = (await this.entries()).find(({ kind, fields }) => kind === 'session.open' && fields.session === session)
    return open?.fields.key as string
  }

  /** Key of a session's recording. */
  async recordingKeyOf(session: string): Promise<string> {
    const open = (await this.entries()).find(({ kind, fields }) => kind === 'session.open' && fields.session === session)
    if (!open?.fields.recording) throw new Error(`${session} is not recorded`)
    return (open.fields.recording as { key: string }).key
  }

  /** How many of these occur in any file of the folder. */
  occurring(remains: readonly (Buffer | string)[]): number {
    const bytes = this.house.bytesOnDisk()
    return remains.filter((each) => bytes.includes(each)).length
  }

  checkpoint(): string {
    return readFileSync(join(this.folder, 'trail/log/checkpoint'), 'utf8')
  }

  async close(): Promise<void> {
    this.retention.stop()
    this.runs.close()
    await this.searching.close()
    await this.house.close()
    this.#database.close()
  }

  async again(options: Partial<TrailOptions> = {}): Promise<void> {
    await this.close()
    await this.open(options)
    await this.retention.finish()
  }

  async remove(): Promise<void> {
    await this.close()
    await this.house.remove()
    await sleep(0)
  }
}
