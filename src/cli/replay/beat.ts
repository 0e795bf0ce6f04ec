import type { Style } from '../printer.ts'

/** A line as it will be printed, through the printer: not yet harmless. */
export interface ShownLine {
  readonly text: string
  /** Spaces before it; a text of several lines stays one. */
  readonly indent: number
  readonly style?: Style
}

/** What is shown at one moment. */
export interface Beat {
  /** Seconds since the session's recording began. */
  readonly at: number
  /** The operation that it belongs to; absent where it belongs to none. */
  readonly operation?: number
  /** A statement begins here. */
  readonly begins: boolean
  readonly lines: readonly ShownLine[]
}
