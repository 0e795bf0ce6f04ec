import type { Batch } from './batch.ts'

/** Who sends, as receivers are told. */
export interface Sender {
  /** Of the gateway. */
  readonly version: string
  readonly instance: string
}

/** A way of saying a batch. Pure: the same batch comes to the same bytes. */
export interface Form {
  readonly contentType: string
  encode(batch: Batch, sender: Sender): string
  /** What an answer with a status of success says is not taken of it; undefined where all is. */
  rejected?(answer: Uint8Array): number | undefined
}
