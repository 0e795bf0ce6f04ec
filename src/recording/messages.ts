import type { LeakedDoor } from '../redaction/index.ts'
/** A tape to be made a segment of. */
export interface EncodeOrder {
  readonly n: number
  readonly session: string
  readonly protocol: string
  readonly segment: number
  /** RFC 3339, UTC, ms. */
  readonly started: string
  readonly tape: Uint8Array<ArrayBuffer>
}

/** Nothing of this session comes any more. */
export interface ForgetOrder {
  readonly forget: string
}

export type Order = EncodeOrder | ForgetOrder

export interface Encoded {
  readonly n: number
  /** Compressed. */
  readonly content: Uint8Array<ArrayBuffer>
  /** Events in it, and their bytes as lines. */
  readonly events: number
  readonly bytes: number
  /** Doors of credentials of ours that were in it. */
  readonly leaked: readonly LeakedDoor[]
  /** Why there is none. */
  readonly fault?: string
}
