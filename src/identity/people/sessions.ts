import { PeopleError } from './errors.ts'
import type { IdentifiedPerson, SignedInPerson } from './person.ts'
import type { PersonSessionVia, PersonStore, StoredPersonSession } from './person-store.ts'
import { hashSessionToken, isSessionToken, newSessionToken, type PersonSessionId } from './session-token.ts'

/** How long a session lasts unused, and in all; ms. */
export const IDLE_FOR = 30 * 60_000
export const LASTS_FOR = 12 * 60 * 60_000

/** Sessions of one person at most: the one unused for longest ends first. */
const MOST = 20
/** How exact it is known when a session was used last, ms: each use would be a write otherwise. */
const EXACT_TO = 60_000

export interface PersonSession {
  /** Names it; opens nothing. */
  readonly id: PersonSessionId
  readonly person: SignedInPerson
  readonly via: PersonSessionVia
  /** Milliseconds since the epoch. */
  readonly openedAt: number
  readonly usedAt: number
  /** When it is over, unless it is used before: the earlier of idle and absolute; ms since the epoch. */
  readonly overAt: number
}

export interface OpenedSession {
  /** Shown once; kept only as its hash. */
  readonly token: string
  readonly session: PersonSession
}

/** Why a session ended. `replaced`: by the same browser's or command line's next sign-in, or because one person had too many. */
export type SessionEnd = 'expired' | 'signed-out' | 'revoked' | 'replaced' | 'configuration'

export interface EndedSession {
  readonly id: PersonSessionId
  readonly issuer: string
  readonly subject: string
  readonly why: SessionEnd
}

export interface PersonSessionsOptions {
  readonly store: PersonStore
  /** What the configuration in force makes of a person; undefined where it does not know their issuer any more, or not like this, or gives no role. */
  readonly standing: (identified: IdentifiedPerson) => SignedInPerson | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Sessions of persons at the admin door. Their tokens are opaque and made here only, so none can be planted (session fixation); what a person may do is
 * worked out anew at each use.
 */
export class PersonSessions {
  readonly #options: PersonSessionsOptions
  readonly #listeners = new Set<(ended: EndedSession) => void>()
  /** Who signed in not long ago, and has no session any more only because it was not used. */
  readonly #idled = new Map<string, IdentifiedPerson>()

  constructor(options: PersonSessionsOptions) {
    this.#options = options
  }

  /**
   * A session for somebody who has just signed in. Durable when it returns.
   * @throws PeopleError GS_PEOPLE_NOT_ADMITTED where the configuration changed meanwhile
   * @param how.id from `newSessionId`: the sign-in was recorded with it
   * @param how.replaces token of the session that the same browser or command line had: it ends
   */
  open(
    identified: IdentifiedPerson,
    { id, via, replaces }: { readonly id: PersonSessionId; readonly via: PersonSessionVia; readonly replaces?: string },
  ): OpenedSession {
    const { store, now } = this.#options
    const openedAt = now()
    const token = newSessionToken()
    const stored = { id, hash: hashSessionToken(token), identified, via, openedAt, usedAt: openedAt }
    const session = this.#view(stored)
    if (!session) throw new PeopleError('GS_PEOPLE_NOT_ADMITTED')
    const before = replaces === undefined ? undefined : this.#find(replaces)
    if (before) this.#end(before, 'replaced')
    this.sweep()
    const { issuer, subject } = identified.person
    const same = this.#of(issuer, subject).sort((a, b) => a.usedAt - b.usedAt)
    for (const longest of same.slice(0, Math.max(0, same.length - MOST + 1))) this.#end(longest, 'replaced')
    store.insert(stored)
    return { token, session }
  }

  /**
   * Whose token this is, now. Counts as a use.
   * @throws PeopleError GS_PEOPLE_SESSION_INVALID, with nothing that tells an unknown token from one that is over
   */
  authenticate(token: string): PersonSession {
    const stored = this.#find(token)
    const session = stored && this.#live(stored)
    if (!session) throw new PeopleError('GS_PEOPLE_SESSION_INVALID')
    const now = this.#options.now()
    if (now - stored.usedAt < EXACT_TO) return session
    this.#options.store.used(stored.id, now)
    return this.#view({ ...stored, usedAt: now })!
  }

  /** Whether a session that was authenticated is still good, without using it: for streams and held answers. */
  isLive(id: PersonSessionId): boolean {
    const stored = this.#options.store.byId(id)
    return stored !== undefined && this.#live(stored) !== undefined
  }

  /** Live sessions, the oldest first; all of them, or one person's. */
  list(person?: { readonly issuer: string; readonly subject: string }): readonly PersonSession[] {
    const stored = person ? this.#of(person.issuer, person.subject) : this.#options.store.all()
    return stored.map((session) => this.#live(session)).filter((session) => session !== undefined)
  }

  /**
   * Somebody who signed in within the last 12 h, as they were described then, and has not signed out since: for what comes by another way than this door.
   * Undefined where their sessions were revoked. Does not survive a restart where no session is live.
   */
  recent({ issuer, subject }: { readonly issuer: string; readonly subject: string }): SignedInPerson | undefined {
    const live = this.list({ issuer, subject }).at(-1)?.person
    if (live) return live
    const idled = this.#idled.get(nameOf({ issuer, subject }))
    return idled && this.#options.now() < idled.signedInAt + LASTS_FOR ? this.#options.standing(idled) : undefined
  }

  /** Ends the session that this token opens, if any. */
  signOut(token: string): void {
    const stored = this.#find(token)
    if (stored) this.#end(stored, 'signed-out')
  }

  /** @returns false where there is no such session */
  revoke(id: PersonSessionId): boolean {
    const stored = this.#options.store.byId(id)
    if (stored) this.#end(stored, 'revoked')
    return stored !== undefined
  }

  /** All of one person's. @returns how many there were */
  revokeAll({ issuer, subject }: { readonly issuer: string; readonly subject: string }): number {
    const stored = this.#of(issuer, subject)
    for (const session of stored) this.#end(session, 'revoked')
    this.#idled.delete(nameOf({ issuer, subject }))
    return stored.length
  }

  /** Called for each session that ends, so that what it holds open can be cut. @returns how to stop being called */
  onEnded(listener: (ended: EndedSession) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Ends what is over, by time or by a new configuration. */
  sweep(): void {
    for (const stored of this.#options.store.all()) this.#live(stored)
    const now = this.#options.now()
    for (const [name, { signedInAt }] of this.#idled) if (now >= signedInAt + LASTS_FOR) this.#idled.delete(name)
  }

  #find(token: string): StoredPersonSession | undefined {
    return isSessionToken(token) ? this.#options.store.byHash(hashSessionToken(token)) : undefined
  }

  #of(issuer: string, subject: string): StoredPersonSession[] {
    return this.#options.store.all().filter(({ identified: { person } }) => person.issuer === issuer && person.subject === subject)
  }

  /** Ends it where it is over. */
  #live(stored: StoredPersonSession): PersonSession | undefined {
    if (this.#options.now() >= overAt(stored)) {
      this.#end(stored, 'expired')
      return undefined
    }
    const session = this.#view(stored)
    if (!session) this.#end(stored, 'configuration')
    return session
  }

  #view(stored: StoredPersonSession): PersonSession | undefined {
    const person = this.#options.standing(stored.identified)
    const { id, via, openedAt, usedAt } = stored
    return person && { id, person, via, openedAt, usedAt, overAt: overAt(stored) }
  }

  #end({ id, identified }: StoredPersonSession, why: SessionEnd): void {
    this.#options.store.remove(id)
    const { issuer, subject } = identified.person
    const name = nameOf(identified.person)
    if (why === 'expired' && !((this.#idled.get(name)?.signedInAt ?? 0) > identified.signedInAt)) this.#idled.set(name, identified)
    if (why !== 'expired' && why !== 'replaced') this.#idled.delete(name)
    for (const listener of this.#listeners) listener({ id, issuer, subject, why })
  }
}

const nameOf = ({ issuer, subject }: { readonly issuer: string; readonly subject: string }) => JSON.stringify([issuer, subject])

function overAt({ openedAt, usedAt }: StoredPersonSession): number {
  return Math.min(usedAt + IDLE_FOR, openedAt + LASTS_FOR)
}
