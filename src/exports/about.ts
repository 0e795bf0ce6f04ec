import type { EntryFields, EntryValue, StoredEntry } from '../trail/index.ts'

export type Effect = 'allow' | 'ask' | 'deny'

/** What is said once, of a session or run, and meant by the entries that name it. */
export interface About {
  readonly run?: string
  readonly session?: string
  readonly resource?: string
  readonly protocol?: string
  /** A pseudonym. */
  readonly who?: string
  /** What kind of principal that is. */
  readonly principal?: string
  readonly issuer?: string
  /** Decisions that the entry states, each once, in the order of its operations. */
  readonly decisions: readonly Decision[]
}

export interface Decision {
  readonly effect: Effect
  readonly rules: readonly string[]
  /** Digest of the policy. */
  readonly policy: string
}

interface Opened {
  readonly index: number
  readonly about: Omit<About, 'decisions'>
  readonly decisions: Map<number, Decision>
}

/** Sessions and runs that are remembered; a gateway has fewer live ones. */
const MOST = 50_000

/**
 * What entries are about, while they are read in order: `session.open` says whose session it is and of what, and the first intent that uses a
 * decision says it.
 */
export class Abouts {
  readonly #sessions = new Map<string, Opened>()
  readonly #runs = new Map<string, Opened>()

  /** The earliest entry that something live was said in; undefined where nothing is. */
  get earliest(): number | undefined {
    // Both are in the order of their entries.
    const first = [this.#sessions, this.#runs].flatMap((known) => [...known.values()].slice(0, 1))
    return first.length === 0 ? undefined : Math.min(...first.map(({ index }) => index))
  }

  /** Whether an entry may say something that later ones need: a quick look at its bytes, `false` is certain. */
  static mayTeach({ bytes }: Pick<StoredEntry, 'bytes'>): boolean {
    const entry = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return TEACHING.some((words) => entry.includes(words))
  }

  /** Learns from the next entry, and says what it is about. */
  of({ index, kind, fields }: Pick<StoredEntry, 'index' | 'kind' | 'fields'>): About {
    const [session, run] = [text(fields.session), text(fields.run)]
    if (kind === 'session.open' && session !== undefined) remember(this.#sessions, session, opened(index, fields))
    if (kind === 'run.start' && run !== undefined) remember(this.#runs, run, opened(index, fields))
    const ofSession = session === undefined ? undefined : this.#sessions.get(session)
    const ofRun = this.#runs.get(run ?? ofSession?.about.run ?? '')
    const decisions = kind === 'operation.intent' ? decisionsIn(fields, ofSession) : effectIn(fields)
    if (kind === 'session.close' && session !== undefined) this.#sessions.delete(session)
    if (kind === 'run.end' && run !== undefined) this.#runs.delete(run)
    return { ...ofRun?.about, ...ofSession?.about, ...said(fields), decisions }
  }
}

const TEACHING = ['"kind":"session.', '"kind":"run.', '"decisions":['].map((words) => Buffer.from(words))

function opened(index: number, fields: EntryFields): Opened {
  return { index, about: said(fields), decisions: new Map() }
}

function said(fields: EntryFields): Omit<About, 'decisions'> {
  const who = object(fields.who)
  const found = {
    run: text(fields.run),
    session: text(fields.session),
    resource: text(fields.resource),
    protocol: text(fields.protocol),
    who: who ? text(who.pseudonym) : text(fields.who),
    principal: text(who?.kind),
    issuer: text(who?.issuer),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

function decisionsIn(fields: EntryFields, session: Opened | undefined): readonly Decision[] {
  const known = session?.decisions ?? new Map<number, Decision>()
  for (const [number, effect, rules, policy] of rowsOf(fields.decisions)) {
    if (typeof number !== 'number' || !isEffect(effect) || !Array.isArray(rules)) continue
    known.set(number, { effect, rules: rules.filter((rule) => typeof rule === 'string'), policy: text(policy) ?? '' })
  }
  const numbers = new Set(rowsOf(fields.ops).map(([, , decision]) => decision))
  return [...numbers].flatMap((number) => (typeof number === 'number' ? (known.get(number) ?? []) : []))
}

/** Where an entry states an effect itself, as `session.open` does. */
function effectIn({ effect, policy }: EntryFields): readonly Decision[] {
  return isEffect(effect) ? [{ effect, rules: [], policy: text(policy) ?? '' }] : []
}

function remember(into: Map<string, Opened>, name: string, what: Opened): void {
  into.set(name, what)
  if (into.size > MOST) into.delete(into.keys().next().value!)
}

/** The rows of a field, whatever else is in it: a later version may write other ones. */
export function rowsOf(value: EntryValue | undefined): readonly (readonly EntryValue[])[] {
  return Array.isArray(value) ? value.filter((row) => Array.isArray(row)) : []
}

export function text(value: EntryValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function object(value: EntryValue | undefined): EntryFields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as EntryFields) : undefined
}

const isEffect = (value: EntryValue | undefined): value is Effect => value === 'allow' || value === 'ask' || value === 'deny'
