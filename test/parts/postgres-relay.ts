import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Admission, Guard, Session, SessionEnd, Waiting } from '../../src/guard/index.ts'
import {
  type Decided,
  type Decision,
  type EffectiveOperation,
  type Grant,
  type Mask,
  type Operation,
  type Outcome,
  Refusal,
  type Statement,
} from '../../src/operations/index.ts'
import type { Catalog } from '../../src/protocols/postgres/catalog/index.ts'
import { createLogin } from '../../src/protocols/postgres/login/index.ts'
import { CancelRegistry, relay, type TextAnalyzer } from '../../src/protocols/postgres/relay/index.ts'
import type { PostgresAsk, PostgresTarget } from '../../src/protocols/postgres/target.ts'
import { buildAuthenticationOk } from '../../src/protocols/postgres/wire/authentication.ts'
import { readStartup } from '../../src/protocols/postgres/wire/startup.ts'
import type { SessionRecorder } from '../../src/recording/index.ts'
import { plainSql, type Reads } from './plain-sql.ts'
import type { RunningPostgres } from './postgres.ts'

const login = createLogin()

/** What the guard was asked, and how it ended. */
export interface Seen {
  readonly form: Operation['form']
  /** The object itself, for its identity. */
  readonly statement: Statement
  readonly text: string
  readonly transaction: string | undefined
  readonly parameters: Buffer | undefined
  readonly claims: Operation['claims']
  readonly refused: boolean
  rows: number
  bytes: number
  outcome: Pick<Outcome, 'status' | 'code'> | undefined
  /** Whether it gave back its room: nothing of it was forwarded. */
  withdrawn: boolean
  /** `mask column count`, as the relay says it. */
  readonly masked: string[]
}

/** What persons were asked, and what became of it. */
export interface AskRequest {
  readonly texts: readonly string[]
  readonly effective: EffectiveOperation
  /** As made anew, once it was approved. */
  again: EffectiveOperation | undefined
  answer(verdict: Grant | Refusal): void
  left: string | undefined
  isTicket: boolean
}

export interface RelayControls {
  /** A statement that matches is refused. */
  denies: RegExp | undefined
  /** The digest of its rules: another one after a reload. */
  policy: string
  /** For a statement that matches persons are asked; what they were asked stands in `requests`. */
  asks: RegExp | undefined
  readonly requests: AskRequest[]
  /** How long a connection may wait for them, ms. */
  hold: number
  /** Whether facts must say the state of the transaction; to be set before a client comes. */
  usesTransaction: boolean
  /** What texts are understood to be. */
  reads: Reads
  /** What the relay told of the newest session's SQL. */
  told: readonly string[]
  /** Of the newest session's SQL: another one, and texts may mean something else. */
  newEpoch: () => void
  /** Whether an error would undo something that gives texts their meaning. */
  tentative: () => boolean
  /** Of operations whose text matches. */
  limits: { readonly of: RegExp; readonly rows?: number; readonly bytes?: number; readonly time?: number } | undefined
  /** What clients are not to see; undefined: nothing. */
  masks: readonly Mask[] | undefined
  /** What masks ask about texts; undefined: there is none. */
  analyzer: TextAnalyzer | undefined
  /** Of the target's database; undefined: it is not known. */
  catalog: Catalog | undefined
  /** Milliseconds until intents are durable; 0 answers before `admit` returns. */
  durableAfter: number
  /** What intents wait for until they are durable, instead of a time. */
  durable: Promise<void> | undefined
  /** Every operation in the order admitted. */
  readonly seen: Seen[]
  /** How many operations each `admit` carried. */
  readonly batches: number[]
  readonly sessions: { readonly stop: AbortController; readonly drain: AbortController; readonly target: PostgresTarget }[]
  /** How sessions ended, in order. */
  readonly ends: SessionEnd[]
  readonly port: number
  inspectionLimit: number | undefined
  /** Of the next session; undefined: it is not recorded. */
  recorder: SessionRecorder | undefined
  /** Runs before a CancelRequest is sent to the target, which waits for it. */
  beforeCancel: () => Promise<void>
  close(): Promise<void>
}

type FakeSession = Session<PostgresAsk, PostgresTarget>

/**
 * The relay between a listener of its own and a real PostgreSQL. Only the start-up is shortened (no authentication) and
 * the guard is played: it denies by pattern, takes its time to be durable, and keeps what it was asked.
 *
 * @param user the role at the target, without a password
 */
export async function startRelay(postgres: Pick<RunningPostgres, 'host' | 'port'>, user = 'postgres'): Promise<RelayControls> {
  const cancels = new CancelRegistry()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    accept(socket).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const controls: RelayControls = {
    denies: undefined,
    policy: 'sha256:0',
    asks: undefined,
    requests: [],
    hold: 10_000,
    usesTransaction: false,
    reads: () => undefined,
    told: [],
    newEpoch: () => undefined,
    tentative: () => false,
    limits: undefined,
    masks: undefined,
    analyzer: undefined,
    catalog: undefined,
    durableAfter: 0,
    durable: undefined,
    seen: [],
    batches: [],
    sessions: [],
    ends: [],
    port: (server.address() as AddressInfo).port,
    inspectionLimit: undefined,
    recorder: undefined,
    beforeCancel: async () => undefined,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  const guard = playedGuard(controls)

  async function accept(client: Socket): Promise<void> {
    for (;;) {
      const packet = readStartup(await startupPacket(client))
      if (packet.kind === 'ssl-request' || packet.kind === 'gssenc-request') {
        client.write('N')
        continue
      }
      if (packet.kind === 'cancel-request') {
        cancels.cancel(packet.processId, packet.key)
        client.end()
        return
      }
      const minor = packet.minor === 2 ? 2 : 0
      const ask = {
        database: packet.parameters.get('database') ?? 'postgres',
        settings: new Map<string, string>(),
        minor,
        readOnly: false,
      } as const
      const address = { host: postgres.host, port: postgres.port, tls: { verify: 'off' } } as const
      const signal = new AbortController().signal
      const loggedIn = await login(address, { user }, ask, signal)
      const target: PostgresTarget = {
        ...loggedIn,
        cancel: async () => {
          await controls.beforeCancel()
          await loggedIn.cancel()
        },
      }
      client.write(buildAuthenticationOk())
      const stop = new AbortController()
      const drain = new AbortController()
      controls.sessions.push({ stop, drain, target })
      const resource = { name: 'orders-db', kind: 'postgres', tags: [] } as const
      const session = {
        id: 'ses_test',
        resource,
        signal: stop.signal,
        draining: drain.signal,
        recorder: controls.recorder,
      } as unknown as FakeSession
      const log = { debug: () => undefined, warn: () => undefined }
      const rest = new Uint8Array(0)
      const limit = controls.inspectionLimit === undefined ? {} : { inspectionLimit: controls.inspectionLimit }
      const sql = plainSql((text) => controls.reads(text))
      Object.defineProperty(sql, 'catalog', { get: () => controls.catalog })
      const { changes } = sql
      sql.changes = (statements) => changes(statements) || controls.tentative()
      controls.told = sql.told
      controls.newEpoch = () => {
        sql.epoch += 1
      }
      const analyzer = () => controls.analyzer
      controls.ends.push(
        await relay({ client, rest, session, guard, target, minor, cancels, log, sql, database: ask.database, analyzer, ...limit }),
      )
      return
    }
  }
  return controls
}

function playedGuard(controls: RelayControls): Guard<PostgresAsk, PostgresTarget> {
  const text = (operation: Operation): string => Buffer.from(operation.statement.text).toString()
  return {
    open: () => Promise.reject(new Error('not played')),
    get usesTransaction() {
      return controls.usesTransaction
    },
    get policy() {
      return controls.policy
    },
    get asksPeople() {
      return controls.asks !== undefined
    },
    ask: async (_session, decided, effective) => askPersons(decided, effective),
    couldAllow: () => true,
    decide: (_session, operation): Decision => {
      const denied = controls.denies?.test(text(operation)) ?? false
      const asked = controls.asks?.test(text(operation)) ?? false
      return {
        effect: denied ? 'deny' : asked ? 'ask' : 'allow',
        rules: denied ? ['no-secrets'] : [],
        policy: controls.policy,
        ...(controls.masks && { masks: controls.masks }),
      }
    },
    admit: (_session, decided, go, approved) => {
      controls.batches.push(decided.length)
      const request = controls.requests.at(-1)
      if (approved && request) request.again = approved.effective
      const answers = decided.map((one) => admit(one, approved !== undefined))
      if (controls.durable) void controls.durable.then(() => go(answers))
      else if (controls.durableAfter === 0) go(answers)
      else setTimeout(() => go(answers), controls.durableAfter)
    },
  }

  function askPersons(decided: readonly Decided[], effective: EffectiveOperation): Waiting {
    const { promise, resolve } = Promise.withResolvers<Grant | Refusal>()
    const request: AskRequest = {
      texts: decided.map(({ operation }) => text(operation)),
      effective,
      again: undefined,
      answer: resolve,
      left: undefined,
      isTicket: false,
    }
    controls.requests.push(request)
    return {
      id: 'apr_1',
      link: 'https://gw.example.org/approvals/apr_1',
      hold: controls.hold,
      decided: promise,
      becomeTicket() {
        request.isTicket = true
        return new Refusal('GS_APPROVAL_PENDING', { ticket: 'apr_1' })
      },
      leave(why) {
        request.left ??= why
      },
    }
  }

  function admit({ operation, decision, refusal }: Decided, approved: boolean): Admission | Refusal {
    const refused = decision.effect === 'deny' || (decision.effect === 'ask' && !approved && operation.form !== 'prepare')
    const seen: Seen = {
      form: operation.form,
      statement: operation.statement,
      text: text(operation),
      transaction: operation.facts?.sql?.transaction,
      parameters: operation.parameters && Buffer.from(operation.parameters),
      claims: operation.claims,
      refused,
      rows: 0,
      bytes: 0,
      outcome: undefined,
      withdrawn: false,
      masked: [],
    }
    controls.seen.push(seen)
    if (refusal) return refusal
    if (refused) return new Refusal('GS_POLICY_DENIED', { rule: 'no-secrets', next: 'Ask for something else.' })
    const limits: Partial<NonNullable<RelayControls['limits']>> = controls.limits?.of.test(seen.text) ? controls.limits : {}
    const exceeded = (what: string) => new Refusal('GS_LIMIT_EXCEEDED', { rule: 'not-so-much', reason: `Too many ${what}.` })
    const settle: Admission['settle'] = (outcome) => {
      if (seen.outcome) throw new Error('settled twice')
      seen.outcome = outcome
    }
    return {
      limited: limits.rows !== undefined || limits.bytes !== undefined,
      time: limits.time,
      overtime: () => exceeded('ms'),
      charge: (rows, bytes) => {
        seen.rows += rows
        seen.bytes += bytes
        if (seen.rows > (limits.rows ?? seen.rows)) return exceeded('rows')
        return seen.bytes > (limits.bytes ?? seen.bytes) ? exceeded('bytes') : undefined
      },
      masked: (mask, what, count) => void seen.masked.push(`${mask} ${what} ${count}`),
      spent: () => undefined,
      settle,
      withdraw(outcome) {
        seen.withdrawn = true
        settle(outcome)
      },
    }
  }
}

/** The first whole packet of a client that waits for our answer behind it. */
async function startupPacket(client: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = client.read() as Buffer | null
    if (chunk) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    if (bytes.length >= 4 && bytes.length >= bytes.readUInt32BE(0)) return bytes.subarray(4)
    await once(client, 'readable')
  }
}
