import type { EnrolledBy } from './observer.ts'

/** What is kept of a connector. */
export interface StoredConnector {
  /** `con_…`, derived from the key. */
  readonly id: string
  readonly name: string
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  readonly how: EnrolledBy
  /** ms since the epoch */
  readonly enrolledAt: number
  /** When a link of it was last up. */
  readonly lastSeenAt?: number
  readonly revokedAt?: number
}

/** A token that enrols one connector, once. */
export interface StoredOffer {
  /** `off_…` */
  readonly id: string
  /** SHA-256 of the token. */
  readonly hash: Uint8Array
  readonly name: string
  /** Pseudonym. */
  readonly offeredBy: string
  readonly expiresAt: number
  /** The connector that it enrolled. */
  readonly spentBy?: string
}

/** Where connectors and offers are kept. Every call is durable when it returns. */
export interface ConnectorStore {
  find(id: string): StoredConnector | undefined
  /** The oldest first. */
  all(): readonly StoredConnector[]
  /**
   * By a workload identity. Where the id is there, only how and when it was taken in are new: what is revoked stays so.
   * @returns false where it is there under another name
   */
  insert(connector: StoredConnector): boolean
  insertOffer(offer: StoredOffer): void
  offerByHash(hash: Uint8Array): StoredOffer | undefined
  /** Takes back one that is not spent. @returns it, or undefined where there is none */
  withdrawOffer(id: string): StoredOffer | undefined
  /** Spends the offer and keeps the connector: both, or neither where it is spent already. @returns whether it did */
  enrol(offer: string, connector: StoredConnector): boolean
  /** Drops offers that expired before then, ms since the epoch. */
  forgetOffers(before: number): void
  seen(id: string, at: number): void
  /** As if it had never been. */
  forget(id: string): void
  /** @returns whether it was there and not revoked before */
  revoke(id: string, at: number): boolean
}
