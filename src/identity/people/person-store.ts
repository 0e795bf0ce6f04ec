import type { IdentifiedPerson, PersonKey } from './person.ts'
import type { PersonSessionId } from './session-token.ts'

/** A person's session as it is kept: the token's value is nowhere. */
export interface StoredPersonSession {
  readonly id: PersonSessionId
  /** SHA-256 of the token. */
  readonly hash: Uint8Array
  readonly identified: IdentifiedPerson
  readonly via: PersonSessionVia
  /** Milliseconds since the epoch. */
  readonly openedAt: number
  /** The same; exact to a minute. */
  readonly usedAt: number
}

/** Where the session is used: the browser, or the command line. */
export type PersonSessionVia = 'console' | 'cli'

/** What is known about who administers first. Nothing: nobody was offered to, and no administrator has ever signed in. */
export type FirstAdminState =
  /** A link is out. */
  | { readonly state: 'offered' /** SHA-256 of its token. */; readonly hash: Uint8Array /** ms since the epoch */; readonly until: number }
  /** Somebody signed in with it. */
  | { readonly state: 'bound'; readonly person: PersonKey }
  /** An administrator by the configuration has signed in: there is no first one to be made any more. */
  | { readonly state: 'closed' }

/** Where sessions of persons survive a restart. */
export interface PersonStore {
  /** Durable when it returns. */
  insert(session: StoredPersonSession): void
  byHash(hash: Uint8Array): StoredPersonSession | undefined
  byId(id: PersonSessionId): StoredPersonSession | undefined
  /** The oldest first. */
  all(): readonly StoredPersonSession[]
  used(id: PersonSessionId, at: number): void
  /** Durable when it returns. */
  remove(id: PersonSessionId): void
  /** Nobody of this keyed name is let in from now on. Durable when it returns; of one who is revoked already nothing changes. @param at ms since the epoch */
  revoke(name: string, at: number): void
  /** Durable when it returns. */
  restore(name: string): void
  /** In the order in which they were revoked. */
  revoked(): readonly { readonly name: string; readonly at: number }[]
  firstAdmin(): FirstAdminState | undefined
  /** Durable when it returns. */
  setFirstAdmin(state: FirstAdminState): void
}
