import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Client } from 'pg'
import type { SqlSession, Understanding, Understood } from '../../../src/protocols/postgres/sql/index.ts'
import { lockedBy, type Missing, type Seen, type Touched, touchedBy } from '../../parts/server-did.ts'
import { Conversation, firstValue, framed, type Message, sqlState, statusOf } from './conversation.ts'
import type { LiveCatalog } from './live-catalog.ts'
import { missing } from './missing.ts'

/** What was seen of one text. */
export interface Observation {
  readonly text: string
  /** ms until it was understood. */
  readonly took: number
  readonly understood: Understood
  /** By a catalog as it was just then; else by an older one. */
  readonly current: boolean
  /** Absent where the server was not asked, or refused the text. */
  readonly compared?: Compared
}

export interface Compared {
  readonly seen: readonly Seen[]
  readonly missing: Missing | undefined
}

export interface ObservedParts {
  readonly database: string
  readonly understanding: Understanding
  readonly catalog: LiveCatalog
  /** Looks at the locks of others. */
  readonly observer: Client
  /** Whether the server is asked what the next text did. */
  readonly sampled: () => boolean
  /** Told of every text. */
  readonly observed: (observation: Observation) => void
}

const SSL_REQUEST = 80_877_103
const GSS_REQUEST = 80_877_104
/** As the gateway asks behind its log-in. */
const NAMES = `SELECT pg_catalog.json_build_object('user', current_user, 'path', pg_catalog.current_setting('search_path'), 'version',
  pg_catalog.current_setting('server_version_num'), 'pid', pg_catalog.pg_backend_pid(), 'database', pg_catalog.current_database(), 'usable', (SELECT
  pg_catalog.json_agg(nspname) FROM pg_catalog.pg_namespace WHERE pg_catalog.has_schema_privilege(oid, 'USAGE') AND nspname !~ '^pg_(toast_)?temp_'))`
interface Names {
  readonly user: string
  readonly path: string
  readonly version: string
  readonly pid: number
  readonly database: string
  readonly usable: readonly string[]
}
/** SQLSTATE of what does not run inside a transaction block, or would end one. */
const NOT_INSIDE = new Set(['25001', '2D000', '0A000'])
const NO_CATALOG = { current: undefined, fresh: async () => undefined, stale: () => undefined }

/** One client's session. */
export class ObservedSession {
  readonly #client: Socket
  readonly #server: Conversation
  readonly #parts: ObservedParts
  readonly #parameters = new Map<string, string>()
  readonly #frame = framed((message) => this.#receive(message))
  readonly #waiting: Message[] = []
  #session: SqlSession | undefined
  #pid = 0
  /** Its database is the one whose catalog there is. */
  #here = false
  #status = 'I'
  #busy = true
  #startUp: Buffer | undefined = Buffer.alloc(0)

  constructor(client: Socket, upstream: Socket, parts: ObservedParts) {
    this.#client = client
    this.#server = new Conversation(upstream)
    this.#parts = parts
    client.on('data', (chunk: Buffer) => (this.#startUp ? this.#begin(chunk) : this.#frame(chunk)))
    client.once('close', () => this.#session?.close())
  }

  #begin(chunk: Buffer): void {
    const packet = Buffer.concat([this.#startUp!, chunk])
    this.#startUp = packet
    if (packet.length < 8 || packet.length < packet.readUInt32BE(0)) return
    const code = packet.readUInt32BE(4)
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.#startUp = Buffer.alloc(0)
      this.#client.write('N')
      return
    }
    this.#startUp = undefined
    void this.#open(packet).catch(() => this.#client.end())
  }

  async #open(packet: Buffer): Promise<void> {
    const answer = this.#server.answer(({ type, bytes }) => {
      if (type === 'E') this.#client.write(bytes)
    })
    this.#server.send(packet)
    const greeting = await answer
    for (const { type, body } of greeting) if (type === 'S') this.#report(body)
    const { understanding, catalog, database } = this.#parts
    const names = JSON.parse(firstValue(await this.#server.ask(NAMES))!) as Names
    this.#pid = names.pid
    this.#here = names.database === database
    if (this.#here) await catalog.read()
    this.#session = understanding.openSession({
      catalog: this.#here ? catalog : NO_CATALOG,
      user: names.user,
      searchPath: names.path,
      usable: names.usable,
      readOnly: false,
      parameters: this.#parameters,
      serverVersion: Number(names.version),
    })
    this.#tell(greeting)
    this.#busy = false
    this.#next()
  }

  #receive(message: Message): void {
    // What is copied goes to the statement that runs.
    if (this.#busy && 'dcf'.includes(message.type)) this.#server.send(message.bytes)
    else {
      this.#waiting.push(message)
      this.#next()
    }
  }

  #next(): void {
    const message = this.#busy ? undefined : this.#waiting.shift()
    if (!message) return
    this.#busy = true
    this.#take(message)
      .then(() => {
        this.#busy = false
        this.#next()
      })
      .catch(() => this.#client.end())
  }

  async #take({ type, body, bytes }: Message): Promise<void> {
    if (type === 'Q') return this.#query(body.subarray(0, -1), bytes)
    // Only these are answered with a ReadyForQuery of their own.
    const answer = type === 'S' || type === 'F' ? this.#server.answer() : []
    this.#server.send(bytes)
    this.#tell(await answer)
  }

  async #query(text: Buffer, bytes: Buffer): Promise<void> {
    const sampled = this.#here && this.#status !== 'E' && this.#parts.sampled()
    if (sampled) await this.#parts.catalog.read()
    const from = performance.now()
    const understood = await this.#session!.understand(text)
    const took = performance.now() - from
    const compared = sampled && !controlsTransaction(understood) ? await this.#compare(text.toString('utf8'), understood, bytes) : 'not run'
    if (compared === 'not run') await this.#run(understood, bytes)
    this.#parts.observed({
      text: text.toString('utf8'),
      took,
      understood,
      current: sampled,
      ...(typeof compared === 'object' && { compared }),
    })
  }

  /** Runs it as it is. */
  async #run(understood: Understood, bytes: Buffer): Promise<void> {
    const answer = this.#server.answer((message) => message.type !== 'Z' && this.#tell([message]))
    this.#server.send(bytes)
    const messages = await answer
    this.#follow(understood, messages, statusOf(messages))
    this.#tell(messages.slice(-1))
  }

  /** Runs it inside a transaction, and looks at what it did before that ends. */
  async #compare(text: string, understood: Understood, bytes: Buffer): Promise<Compared | 'not run' | 'failed'> {
    const own = this.#status === 'I'
    if (own && statusOf(await this.#server.ask('BEGIN')) !== 'T') return 'not run'
    const before = own ? [] : await this.#locks()
    const held: Message[] = []
    let told = 0
    const answer = this.#server.answer((message) => {
      if (message.type === 'Z') return
      held.push(message)
      // The client copies only once it knows that it may; then this is told at once as it comes.
      if (message.type !== 'G' && told === 0) return
      this.#tell(held.slice(told))
      told = held.length
    })
    this.#server.send(bytes)
    const messages = await answer
    const failed = statusOf(messages) !== 'T'
    const after = failed ? [] : await this.#observe()
    const touched = failed ? undefined : touchedIn(await this.#server.ask(touchedBy()))
    const end = own ? await this.#server.ask(failed ? 'ROLLBACK' : 'COMMIT') : []
    if (failed && own && told === 0 && NOT_INSIDE.has(sqlState(messages) ?? '')) return 'not run'
    const ready = own ? end.at(-1)! : messages.at(-1)!
    this.#tell(held.slice(told))
    // What the end of our transaction changes of the session, such as SET LOCAL.
    this.#tell(end.filter(({ type }) => type === 'S' || type === 'A'))
    this.#follow(understood, [...messages, ...end.filter(({ type }) => type === 'S')], ready.body.toString('latin1'))
    this.#tell([ready])
    if (!touched) return 'failed'
    const seen = seenOf(before, after, touched)
    return { seen, missing: understood.refusal === undefined ? missing(understood, seen, text) : undefined }
  }

  /** The names by which others know what the session has locked: those from before its transaction. */
  async #observe(): Promise<readonly Touched[]> {
    try {
      const { rows } = await this.#parts.observer.query<{ touched: readonly Touched[] }>(touchedBy(String(this.#pid)))
      return rows[0]!.touched
    } catch {
      return []
    }
  }

  async #locks(): Promise<readonly Lock[]> {
    const { rows } = await this.#parts.observer.query<{ locks: readonly Lock[] }>(lockedBy(this.#pid))
    return rows[0]!.locks
  }

  /** Tells the session what the server did, as the relay of the gateway does. */
  #follow({ statements }: Understood, messages: readonly Message[], status: string): void {
    const session = this.#session!
    let done = 0
    for (const { type, body } of messages) {
      if (type === 'S') this.#report(body)
      else if (type === 'E') session.failed(statements[done])
      else if (type === 'C') {
        const statement = statements[done]
        done += 1
        if (statement) session.completed(statement, body.toString('latin1', 0, body.length - 1))
      }
    }
    this.#status = status
    session.ready(status.charCodeAt(0))
  }

  #report(body: Buffer): void {
    const [name = '', value = ''] = body.toString('utf8').split('\0')
    if (this.#session) this.#session.reported(name, value)
    else this.#parameters.set(name, value)
  }

  #tell(messages: readonly Message[]): void {
    for (const { bytes } of messages) this.#client.write(bytes)
  }
}

interface Lock {
  readonly oid: string
  readonly mode: string
}

function controlsTransaction({ statements }: Understood): boolean {
  return statements.some(({ transitions }) => transitions.some(({ kind }) => kind === 'transaction'))
}

function touchedIn(messages: readonly Message[]): readonly Touched[] | undefined {
  const json = firstValue(messages)
  return json === undefined ? undefined : (JSON.parse(json) as readonly Touched[])
}

/** To others the temporary schema of a session has a number. */
const plainName = (name: string) => name.replace(/^pg_temp_\d+\./, 'pg_temp.')

function seenOf(before: readonly Lock[], after: readonly Touched[], own: readonly Touched[]): readonly Seen[] {
  const earlier = new Set(before.map(({ oid, mode }) => `${oid} ${mode}`))
  const all = new Map<string, Touched[]>()
  for (const one of [...own, ...after]) all.set(one.oid, [...(all.get(one.oid) ?? []), one])
  return [...all].flatMap(([oid, of]) => {
    const modes = [...new Set(of.flatMap((one) => one.modes))].filter((mode) => !earlier.has(`${oid} ${mode}`))
    if (modes.length === 0) return []
    return [{ names: [...new Set(of.map(({ name }) => plainName(name)))], modes, written: modes.includes('RowExclusiveLock') }]
  })
}
