/** Whom this gateway lets in: docs/identity.md. */
export interface PersonOperator {
  /**
   * Ends a person's sessions at once and refuses their sign-in until that is lifted; what they approved and was not used is taken back, and what they
   * asked to be erased withdrawn. Recorded as `person.revoked`, and in force before it is.
   * @throws CodedError GS_GATEWAY_NO_PEOPLE, GS_PEOPLE_ISSUER_UNKNOWN
   */
  revokePerson(person: PersonAsked, reason: string | undefined): Promise<PersonRevoked>
  /** Recorded as `person.restored` first. @throws CodedError GS_GATEWAY_NO_PEOPLE, GS_GATEWAY_NOT_REVOKED */
  restorePerson(person: PersonAsked | { readonly pseudonym: string }, reason: string | undefined): Promise<RevokedPerson>
  /** Those who are revoked now, the first first. @throws CodedError GS_GATEWAY_NO_PEOPLE */
  revokedPersons(): Promise<readonly RevokedPerson[]>
}

export interface PersonAsked {
  /** Configured name of an issuer that signs in people. */
  readonly issuer: string
  readonly subject: string
}

export interface RevokedPerson {
  /** As entries name them. */
  readonly pseudonym: string
  /** ms since the epoch */
  readonly revokedAt: number
}

export interface PersonRevoked extends RevokedPerson {
  /** Sessions that ended. */
  readonly sessions: number
  /** Requests that they had approved, and that were not used. */
  readonly approvals: number
}
