import type { EntryFields } from '../trail/index.ts'

/** Whose entries are meant; where both are given, those that belong to both. */
export interface BelongsTo {
  readonly run?: string
  readonly session?: string
}

/**
 * Says of each entry of a log, in order, whether it belongs to a run or session. An operation names only its session, and `session.open` says
 * whose run that is (what does not change is said once), so sessions of the run are remembered as they are passed.
 */
export class Belonging {
  readonly #to: BelongsTo
  readonly #sessions = new Set<string>()

  constructor(to: BelongsTo) {
    this.#to = to
  }

  /** Must be asked of every entry, but for those of which `mayHave` says no. */
  has(fields: EntryFields): boolean {
    const named = { run: text(fields, 'run'), session: text(fields, 'session') }
    const { run, session } = this.#to
    if (run !== undefined && named.run === run && named.session !== undefined) this.#sessions.add(named.session)
    if (session !== undefined && named.session !== session) return false
    return run === undefined || named.run === run || (named.session !== undefined && this.#sessions.has(named.session))
  }

  /** A quick look at the bytes as stored, so that most need not be parsed: `false` is certain. Ids need no escapes in JSON. */
  mayHave(bytes: Uint8Array): boolean {
    const { run, session } = this.#to
    const entry = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (session !== undefined && !entry.includes(`"session":"${session}"`)) return false
    if (run === undefined || entry.includes(`"run":"${run}"`)) return true
    return this.#sessions.size > 0 && namesOneOf(entry, this.#sessions)
  }
}

const SESSION = '"session":"'

function namesOneOf(entry: Buffer, sessions: ReadonlySet<string>): boolean {
  for (let at = entry.indexOf(SESSION); at !== -1; at = entry.indexOf(SESSION, at + 1)) {
    const start = at + SESSION.length
    if (sessions.has(entry.toString('latin1', start, entry.indexOf(0x22, start)))) return true
  }
  return false
}

function text(fields: EntryFields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}
