import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { PeopleError } from './errors.ts'
import type { PersonKey } from './person.ts'
import type { PersonStore } from './person-store.ts'

/** How long the link for the first administrator works, ms. */
export const OFFERED_FOR = 60 * 60_000

/**
 * Who administers before any group is mapped to `admin`: whoever signs in with a link that the operator of the machine was shown. One link, one use, one
 * hour; and none once an administrator has signed in. docs/decisions/first-admin.md says why it is like this.
 */
export class FirstAdmin {
  readonly #store: PersonStore
  readonly #now: () => number
  /** Somebody's binding is being recorded. */
  #binding = false

  /** @param now milliseconds since the epoch; for tests */
  constructor(store: PersonStore, now: () => number = Date.now) {
    this.#store = store
    this.#now = now
  }

  /**
   * A new link's token, in the place of any earlier one: the caller shows it once to whoever runs the gateway, and records that it did.
   * @param mapped whether the configuration in force maps a group to `admin`: then that says who administers
   * @returns undefined where an administrator is, or was, there
   */
  offer(mapped: boolean): string | undefined {
    const known = this.#store.firstAdmin()
    if (mapped || this.#binding || known?.state === 'bound' || known?.state === 'closed') return undefined
    const token = `gs_first_${randomBytes(32).toString('base64url')}`
    this.#store.setFirstAdmin({ state: 'offered', hash: digest(token), until: this.#now() + OFFERED_FOR })
    return token
  }

  /** Whether the token would be taken now; uses nothing up. @throws PeopleError GS_PEOPLE_FIRST_ADMIN_REFUSED */
  check(token: string, mapped: boolean): void {
    const known = this.#store.firstAdmin()
    const isGood =
      known?.state === 'offered' && !mapped && !this.#binding && this.#now() < known.until && timingSafeEqual(known.hash, digest(token))
    if (!isGood) throw new PeopleError('GS_PEOPLE_FIRST_ADMIN_REFUSED')
  }

  /**
   * Uses the token up, and binds this person; durable when it resolves.
   * @param record makes it durable in the trail, first: where it throws, nobody is bound and the link still works
   * @throws PeopleError GS_PEOPLE_FIRST_ADMIN_REFUSED, also where somebody else is about to be bound
   */
  async bind(token: string, mapped: boolean, person: PersonKey, record: () => Promise<void>): Promise<void> {
    this.check(token, mapped)
    this.#binding = true
    try {
      await record()
      this.#store.setFirstAdmin({ state: 'bound', person })
    } finally {
      this.#binding = false
    }
  }

  is({ issuer, issuerUrl, subject }: PersonKey): boolean {
    const known = this.#store.firstAdmin()
    if (known?.state !== 'bound') return false
    const { person } = known
    return person.issuer === issuer && person.issuerUrl === issuerUrl && person.subject === subject
  }

  /** An administrator by the configuration has signed in: no link works from now on, and whoever was bound by one is so no more. */
  close(): void {
    if (this.#store.firstAdmin()?.state !== 'closed') this.#store.setFirstAdmin({ state: 'closed' })
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
