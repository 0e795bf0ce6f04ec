import type { SessionView } from '../statement-facts.ts'
import type { Reading } from './read-text.ts'

/** To the thread. It does one thing at a time, so nothing is numbered. */
export type Order =
  /** A catalog by which texts will be read. */
  | { readonly kind: 'catalog'; readonly version: string; readonly bytes: SharedArrayBuffer }
  /** Its last use is over. */
  | { readonly kind: 'forget'; readonly version: string }
  | { readonly kind: 'read'; readonly text: Uint8Array; readonly catalog?: string; readonly view: SessionView }

/** From the thread: once when it is ready, and for each `read` when it begins and when it is done. */
export type Answer =
  | { readonly kind: 'ready' }
  /** The catalog is open: the deadline of the text counts from here. */
  | { readonly kind: 'begun' }
  | {
      readonly kind: 'read'
      /** Undefined where the parser ended: the thread is of no more use. */
      readonly reading: Reading | undefined
      /** Bytes outside the heap, the parser's memory among them: it grows and never shrinks. */
      readonly external: number
    }
