/** How far one export has come in one log. */
export interface ExportCursor {
  readonly export: string
  /** Name of the log. */
  readonly log: string
  /** Where the last batch that was taken ends: the next one says that it begins here. */
  readonly from: number
  /** The next entry to look at: those between are left out by the filter. */
  readonly at: number
  /** No session or run that is live at `at` was opened before this entry: from here on a new start learns what it must know. */
  readonly context: number
  /** Leaf hash of the entry before `at`, hexadecimal: that of another log, or of an older copy, is another one. Absent where nothing was read yet. */
  readonly leaf?: string
  /** What the receiver is still to be told that it does not get. */
  readonly gaps: readonly Gap[]
  /** Since when it takes nothing, ms since the epoch, where the trail was told so: it is to be told of the end, too, and be it after a restart. */
  readonly failingSince?: number
}

/** Entries that a receiver does not get. */
export interface Gap {
  readonly log: string
  readonly from: number
  /** Absent where nobody knows any more how far that log went. */
  readonly to?: number
  /** pruned — retention took them before they were sent; skipped — an operator left them out; set-aside — a new log began, and this one ended. */
  readonly why: 'pruned' | 'skipped' | 'set-aside'
}

/** Where cursors are kept. Every change is durable when the call returns. */
export interface CursorStore {
  find(name: string, log: string): ExportCursor | undefined
  /** Where it was in the log that it read last. */
  last(name: string): ExportCursor | undefined
  put(cursor: ExportCursor): void
  close(): void
}
