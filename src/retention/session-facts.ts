import type { EntryFields, StoredEntry } from '../trail/index.ts'

const BEGINS = Buffer.from('"kind":"session.open"')
const ENDS = Buffer.from('"kind":"session.close"')
const SPANS = Buffer.from('"kind":"run.spans"')
const STARTS = Buffer.from('"kind":"run.start"')

/** What entries say of a session, or of spans that a job told of at once, and its payload key. */
export interface KnownSession {
  readonly session: string
  readonly run: string
  readonly key: string
  /** Key of its recording; absent where there is none. */
  readonly recording?: string | undefined
  /** Whose run it is. */
  readonly pseudonym: string
  /** Whether the log tells of its end. */
  readonly over: boolean
}

/** What one entry says of a run, or of where a session begins or ends. */
export type SessionFact =
  | { readonly what: 'run'; readonly run: string; readonly pseudonym: string }
  /** `over`: it is, with that entry. */
  | ({ readonly what: 'begins'; readonly over: boolean } & Omit<KnownSession, 'over'>)
  | { readonly what: 'ends'; readonly session: string }

/** A session as its beginning tells of it. */
export function begun({ what: _, ...session }: Extract<SessionFact, { readonly what: 'begins' }>): KnownSession {
  return session
}

/** Every payload key of a session. */
export function keysOf({ key, recording }: Pick<KnownSession, 'key' | 'recording'>): readonly string[] {
  return recording === undefined ? [key] : [key, recording]
}

/** Most entries are neither: their bytes say so, and they are not parsed. Kinds need no escapes in JSON. */
export function sessionFact(entry: StoredEntry): SessionFact | undefined {
  const bytes = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength)
  if (!bytes.includes(BEGINS) && !bytes.includes(ENDS) && !bytes.includes(STARTS) && !bytes.includes(SPANS)) return undefined
  const { kind, fields } = entry
  const [session, run, key] = [text(fields, 'session'), text(fields, 'run'), text(fields, 'key')]
  const pseudonym = text((fields.who ?? {}) as EntryFields, 'pseudonym') ?? ''
  if (kind === 'run.start' && run !== undefined) return { what: 'run', run, pseudonym }
  if (kind === 'session.open' && session !== undefined && run !== undefined && key !== undefined) {
    const recording = text((fields.recording ?? {}) as EntryFields, 'key')
    return { what: 'begins', session, run, key, ...(recording !== undefined && { recording }), pseudonym, over: false }
  }
  const batch = text(fields, 'batch')
  if (kind === 'run.spans' && batch !== undefined && run !== undefined && key !== undefined)
    return { what: 'begins', session: batch, run, key, pseudonym, over: true }
  if (kind === 'session.close' && session !== undefined) return { what: 'ends', session }
  return undefined
}

function text(fields: EntryFields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}
