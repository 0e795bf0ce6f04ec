import type { StoredEntry } from '../trail/index.ts'
import { RetentionError } from './errors.ts'
import type { Hold } from './hold.ts'
import { begun, type KnownSession, keysOf, sessionFact } from './session-facts.ts'

/** What is erased: payloads of one session, of all sessions of a run, or of all runs of a principal with what is known of itself. */
export type ErasureScope = { readonly session: string } | { readonly run: string } | { readonly pseudonym: string }

/** Ids of what is no session, and goes with its run. */
const SPANS = 'spn_'

/** 16 bytes in base64url (docs/trail.md). */
const PSEUDONYM = /^[\w-]{22}$/

export interface ErasurePlan {
  readonly scope: ErasureScope
  /** Runs and sessions that lose payloads, in the order in which they began. */
  readonly runs: readonly string[]
  readonly sessions: readonly string[]
  /** Payload keys that are still there. */
  readonly keys: readonly string[]
}

export interface ErasureSources {
  /** All of the log, and of those that were set aside. */
  readonly entries: AsyncIterable<StoredEntry>
  readonly aside: AsyncIterable<StoredEntry>
  /** Sessions whose beginning the log has no more, and whose keys are still there (`RetentionState`). */
  readonly known: readonly KnownSession[]
  hasKey(id: string): boolean
  /** Of the key for names and log-ins of a principal. */
  subjectKeyId(pseudonym: string): string | undefined
  /** What is live at this moment, whatever the log tells of it by now. */
  readonly live: readonly { readonly run: string; readonly pseudonym: string }[]
  readonly holds: readonly Hold[]
}

/**
 * Which payload keys must go.
 * @throws RetentionError GS_RETENTION_NOT_FOUND; GS_RETENTION_LIVE, GS_RETENTION_HELD, which name what stands in the way
 */
export async function planErasure(scope: ErasureScope, sources: ErasureSources): Promise<ErasurePlan> {
  // The gateway has a key of its own, under a name that is no pseudonym.
  if ('pseudonym' in scope && !PSEUDONYM.test(scope.pseudonym)) throw new RetentionError('GS_RETENTION_NOT_FOUND')
  const found = new Found(scope, sources.hasKey)
  for await (const entry of sources.aside) found.see(entry)
  // No end is awaited in a log that was set aside.
  found.closeAll()
  for (const session of sources.known) found.know(session)
  for await (const entry of sources.entries) found.see(entry)
  const { runs } = found
  const sessions = [...found.sessions.values()]

  const live = sources.live.find(({ run, pseudonym }) =>
    'pseudonym' in scope ? scope.pseudonym === pseudonym : 'run' in scope && scope.run === run,
  )
  if (live) throw new RetentionError('GS_RETENTION_LIVE', `${live.run} is live.`)
  const open = sessions.find(({ over }) => !over)
  if (open) throw new RetentionError('GS_RETENTION_LIVE', `The session ${open.session} of ${open.run} is not over.`)
  const subject = 'pseudonym' in scope ? sources.subjectKeyId(scope.pseudonym) : undefined
  // The log may have no more of a run that is held than its copy: who it was is sealed under the key of the person all the same.
  const held = sources.holds.find(({ run, start }) => runs.has(run) || (subject !== undefined && start.key === subject))
  if (held) throw new RetentionError('GS_RETENTION_HELD', `${held.run} is under the legal hold ${held.id}.`)

  const keys = [...(subject === undefined ? [] : [subject]), ...found.keys]
  if (keys.length === 0) throw new RetentionError('GS_RETENTION_NOT_FOUND')
  return { scope, runs: [...runs], sessions: sessions.map(({ session }) => session).filter((id) => !id.startsWith(SPANS)), keys }
}

class Found {
  readonly runs = new Set<string>()
  readonly sessions = new Map<string, KnownSession>()
  /** Those that are still there. Each is looked for when its session is met: thousands at once would keep others waiting. */
  readonly keys = new Set<string>()
  readonly #scope: ErasureScope
  readonly #hasKey: (id: string) => boolean

  constructor(scope: ErasureScope, hasKey: (id: string) => boolean) {
    this.#scope = scope
    this.#hasKey = hasKey
  }

  know(session: KnownSession): void {
    if (!this.#isMeant(session)) return
    this.runs.add(session.run)
    this.sessions.set(session.session, session)
    for (const key of keysOf(session)) if (this.#hasKey(key)) this.keys.add(key)
  }

  see(entry: StoredEntry): void {
    const fact = sessionFact(entry)
    if (!fact) return
    if (fact.what === 'ends') {
      const session = this.sessions.get(fact.session)
      if (session) this.sessions.set(fact.session, { ...session, over: true })
      return
    }
    if (fact.what === 'begins') this.know(begun(fact))
    else if (this.#isMeant(fact)) this.runs.add(fact.run)
  }

  closeAll(): void {
    for (const [id, session] of this.sessions) this.sessions.set(id, { ...session, over: true })
  }

  #isMeant(fact: { readonly run: string; readonly pseudonym: string; readonly session?: string }): boolean {
    const scope = this.#scope
    if ('session' in scope) return fact.session === scope.session
    return 'run' in scope ? fact.run === scope.run : fact.pseudonym === scope.pseudonym
  }
}
