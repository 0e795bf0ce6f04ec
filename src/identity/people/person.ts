import type { Person } from '../../operations/index.ts'
import type { Role } from './settings.ts'

/** A person as an issuer described them when they signed in; what they may do is not part of it. */
export interface IdentifiedPerson {
  readonly person: Person
  /** For other people to read; decides nothing. */
  readonly displayName: string
  /** Configured issuer name → account id there, for every `link` whose claim was present. */
  readonly accounts: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly signedInAt: number
  /** `sha256:…` of the issuer's settings: once they change, this is worth nothing any more. */
  readonly settings: string
}

/** A person with the roles that the configuration in force gives them. Made from an ID token or a session of one, and from nothing else. */
export interface SignedInPerson extends Omit<IdentifiedPerson, 'settings'> {
  readonly roles: ReadonlySet<Role>
}

/** Who a person is, whatever they are called: compare all three. An issuer's name could be given to another issuer. */
export interface PersonKey {
  readonly issuer: string
  readonly issuerUrl: string
  readonly subject: string
}
