import type { RunId } from '../operations/index.ts'
import type { ScramVerifier } from './authenticator.ts'
import type { CredentialDoor } from './credential.ts'

/** A credential as it is kept: its value is nowhere. */
export interface StoredCredential {
  readonly run: RunId
  readonly door: CredentialDoor
  /** SHA-256 of the credential. */
  readonly hash: Uint8Array
  /** For the PostgreSQL plane. */
  readonly verifier?: ScramVerifier
}

/** Where credentials' hashes survive a restart. */
export interface CredentialStore {
  byHash(hash: Uint8Array): StoredCredential | undefined
  byRun(run: RunId, door: CredentialDoor): StoredCredential | undefined
  /** Durable when it returns; keeps what is there. */
  insert(credential: StoredCredential): void
}

/** Tokens that were exchanged, so that none is twice. */
export interface SpentTokens {
  /**
   * Durable when it returns. False where the token was spent before.
   * @param usableUntil ms since the epoch; may be forgotten afterwards
   */
  spend(tokenId: Uint8Array, usableUntil: number): boolean
}
