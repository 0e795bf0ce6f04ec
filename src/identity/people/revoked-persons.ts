import type { PersonStore } from './person-store.ts'

/** Who somebody is at an issuer that is configured here. */
export interface PersonAt {
  /** Its configured name. */
  readonly issuer: string
  readonly subject: string
}

/** A person with the accounts at other issuers that are known to be theirs. */
export interface LinkedAccounts {
  readonly person: PersonAt
  readonly accounts: Readonly<Record<string, string>>
}

/** Whom this gateway lets in no more, until that is lifted. Kept by keyed names only: the store does not say who they are. */
export class RevokedPersons {
  readonly #store: Pick<PersonStore, 'revoke' | 'restore' | 'revoked'>
  readonly #nameOf: (issuer: string, subject: string) => string
  readonly #names: Set<string>

  /** @param nameOf a keyed hash that stays the same over restarts */
  constructor(store: Pick<PersonStore, 'revoke' | 'restore' | 'revoked'>, nameOf: (issuer: string, subject: string) => string) {
    this.#store = store
    this.#nameOf = nameOf
    this.#names = new Set(store.revoked().map(({ name }) => name))
  }

  /** Whether it is this person, or one who is known to be the same by a linked account. */
  has({ person: { issuer, subject }, accounts }: LinkedAccounts): boolean {
    if (this.#names.size === 0) return false
    return [[issuer, subject] as const, ...Object.entries(accounts)].some(([at, account]) => this.#names.has(this.#nameOf(at, account)))
  }

  /** Durable when it returns. @param at ms since the epoch */
  add({ issuer, subject }: PersonAt, at: number): void {
    const name = this.#nameOf(issuer, subject)
    this.#store.revoke(name, at)
    this.#names.add(name)
  }

  /** Durable when it returns. */
  remove(name: string): void {
    this.#store.restore(name)
    this.#names.delete(name)
  }

  /** In the order in which they were revoked; ms since the epoch. */
  all(): readonly { readonly name: string; readonly at: number }[] {
    return this.#store.revoked()
  }
}
