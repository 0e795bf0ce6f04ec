import type { ExportSettings } from './settings.ts'

/** Since the gateway started, whatever the settings were meanwhile. */
export interface ExportCounts {
  /** Entries that were taken. */
  readonly delivered: number
  /** Attempts that were not. */
  readonly failed: number
}

/** How one export stands. */
export interface ExportState extends ExportCounts {
  readonly name: string
  readonly kind: ExportSettings['kind']
  /** running — what there is was taken, or is on its way; failing — it is tried again; stuck — the receiver refuses one entry for what it says. */
  readonly state: 'running' | 'failing' | 'stuck'
  /** Every entry before this one was taken, or left out by the filter. */
  readonly cursor: number
  /** Entries that a checkpoint covers and that are still before it. */
  readonly lagEntries: number
  /** How old the oldest of them is, s; 0 where there is none. */
  readonly lagSeconds: number
  /** Why the last attempt was none; absent once one is taken. */
  readonly lastError?: ExportFailure
  /** The entry that is refused; where it is stuck. */
  readonly refused?: number
  /** When a batch was taken last, ms since the epoch. */
  readonly deliveredAt?: number
}

/** The same before it is known how far the log goes. */
export interface ExportReading extends Omit<ExportState, 'lagEntries' | 'lagSeconds'> {
  /** When the oldest entry before it was recorded, ms since the epoch; absent where it has seen none. */
  readonly oldest?: number
}

/** @param size entries that a checkpoint covers @param now ms since the epoch */
export function lagOf({ oldest, ...reading }: ExportReading, size: number, now: number): ExportState {
  const lagEntries = Math.max(0, size - reading.cursor)
  const lagSeconds = lagEntries === 0 || oldest === undefined ? 0 : Math.max(0, Math.round((now - oldest) / 1_000))
  return { ...reading, lagEntries, lagSeconds }
}

export interface ExportFailure {
  /** `GS_…` */
  readonly code: string
  readonly message: string
  readonly next: string
  /** HTTP status, where there was an answer. */
  readonly status?: number
  /** ms since the epoch */
  readonly at: number
}

/** What a test came to. */
export interface ExportTested {
  readonly taken: boolean
  readonly status?: number
  /** Version of TLS. */
  readonly tls?: string
  /** ms */
  readonly latency: number
  readonly error?: Omit<ExportFailure, 'at'>
}

/** What becomes of an export by itself, for the trail: once each, however long it lasts. */
export type ExportNews =
  | { readonly news: 'begun'; readonly from: number; readonly left?: { readonly log: string; readonly at: number } }
  | { readonly news: 'failing'; readonly code: string; readonly cursor: number }
  /** @param seconds how long it took nothing */
  | { readonly news: 'recovered'; readonly cursor: number; readonly seconds: number }
  | { readonly news: 'stuck'; readonly entry: number; readonly status: number }
