import type { SignedInPerson } from './person.ts'
import type { PersonSessionVia } from './person-store.ts'
import type { OpenedSession } from './sessions.ts'

/** Somebody proved who they are, just now. Good for one session. */
export class SignIn {
  readonly person: SignedInPerson
  /** Whether this person administers from the moment that the session is open. */
  readonly becomesFirstAdmin: boolean
  #open: ((via: PersonSessionVia, replaces?: string) => Promise<OpenedSession>) | undefined

  constructor(parts: {
    readonly person: SignedInPerson
    readonly becomesFirstAdmin: boolean
    readonly open: (via: PersonSessionVia, replaces?: string) => Promise<OpenedSession>
  }) {
    this.person = parts.person
    this.becomesFirstAdmin = parts.becomesFirstAdmin
    this.#open = parts.open
  }

  /**
   * Recorded, and durable, before it begins.
   * @param replaces token of the session that the same browser or command line had; it ends
   * @throws what recording throws; PeopleError GS_PEOPLE_FIRST_ADMIN_REFUSED where somebody else was first; TypeError the second time
   */
  async openSession(via: PersonSessionVia, replaces?: string): Promise<OpenedSession> {
    const open = this.#open
    if (!open) throw new TypeError('a sign-in is good for one session')
    this.#open = undefined
    return open(via, replaces)
  }
}
