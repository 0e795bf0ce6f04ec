import type { ErasureScope } from './plan-erasure.ts'

export type ErasureRequestId = `erq_${string}`

/** Somebody asked for an erasure, and another person says yes or no. Nothing in it is personal: who and why are payloads of its entry. */
export interface ErasureRequest {
  readonly id: ErasureRequestId
  readonly scope: ErasureScope
  /** Pseudonym of the person who asked. */
  readonly by: string
  /** ms since the epoch */
  readonly askedAt: number
  readonly expiresAt: number
  /** Where its `erasure.asked` stands: name of the log, and index. */
  readonly place: { readonly log: string; readonly index: number }
  readonly state: 'asked' | 'approved' | 'denied' | 'withdrawn' | 'expired'
  readonly endedAt?: number
  /** Who ended it, as entries name them; absent where time did. */
  readonly endedBy?: string
  /** Of `approved`: index of the `erased`. Absent while it is being carried out, and where that was interrupted before it was recorded. */
  readonly entry?: number
}

/** Where requests for erasure are kept. Every change is durable when the call returns. */
export interface ErasureRequestStore {
  /** Those that wait for an answer, the oldest first. */
  open(): readonly ErasureRequest[]
  /** The newest first, 100 at most. */
  recent(): readonly ErasureRequest[]
  find(id: string): ErasureRequest | undefined
  /** Adds it, or replaces the one of this id. */
  put(request: ErasureRequest): void
}
