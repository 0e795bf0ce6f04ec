/** How a fact is known: by a token whose signature we checked, or because the client said so. */
export type Proof = 'proven' | 'claimed'

/** Somebody who signed in at a `people` issuer. Only persons can hold roles or approve. */
export interface Person {
  readonly kind: 'person'
  /** The configured name of the issuer, as groups carry it. */
  readonly issuer: string
  /** The issuer's own immutable id (`sub`). */
  readonly subject: string
  /** Always `issuer/name`. */
  readonly groups: readonly string[]
}

/** A workload that proved itself with a token of a CI or workload issuer. Never becomes a Person. */
export interface Job {
  readonly kind: 'job'
  readonly issuer: string
  readonly subject: string
  readonly groups: readonly string[]
}

export type Principal = Person | Job
