import type { Resource } from '../operations/index.ts'
import type { RecordingState } from '../recording/index.ts'
import type { BudgetShare } from '../runs/index.ts'
import type { Proven, Trail } from '../trail/index.ts'
import type { WitnessState } from '../witness/index.ts'
import type { PushState } from './push.ts'

/** What is looked at when somebody scrapes. Each of these is quick, changes nothing and never throws. */
export interface Sources {
  readonly trail: Pick<Trail, 'state' | 'written'> & { readonly proven: Pick<Proven, 'size' | 'minimum' | 'checkpoint' | 'age'> }
  /** Absent where no witnesses are configured. */
  readonly witnessing?:
    | { readonly age: number; readonly need: number; readonly compared: boolean; readonly states: readonly WitnessState[] }
    | undefined
  /** As configured now: of each there are series before anything happens there, since a rate needs a zero to begin at. */
  readonly resources: () => Iterable<Resource>
  readonly runs: { live(): readonly unknown[]; budgetShares(): readonly BudgetShare[] }
  /** How many requests for approval are open; undefined where nobody can be asked. */
  readonly approvalsOpen: () => number | undefined
  /** When the oldest was asked that nobody has answered, ms since the epoch; undefined where there is none. */
  readonly oldestPending: () => number | undefined
  /** Openings of break-glass; undefined where there is none. */
  readonly breakGlass: () => { readonly requested: number; readonly open: number; readonly unreviewed: number } | undefined
  readonly recording: { readonly state: RecordingState }
  readonly searching: { lag(): Promise<number | undefined> }
  /** Of the disk of the data folder, bytes. */
  readonly disk: () => Promise<{ readonly free: number; readonly size: number } | undefined>
  /** Connections by door; empty until they are open. */
  readonly connections: () => Iterable<readonly [door: string, connections: number]>
  /** By what they are for, when they are not good any more, ms since the epoch. */
  readonly certificates: () => Iterable<readonly [certificate: string, expires: number]>
  /** Absent where there is no door for them. */
  readonly connectors?: ConnectorSource | undefined
  /** Empty where nothing is exported. */
  readonly exports: () => readonly ExportReading[]
  /** What became of pushes to a collector; absent where there is none. */
  readonly pushes?: (() => PushState) | undefined
  /** Whether the gateway takes work. */
  readonly ready: () => boolean
}

/** Tunnels of connectors. */
export interface ConnectorSource {
  /** Those that are configured. */
  names(): readonly string[]
  /** Those that are connected. */
  state(): readonly ConnectorReading[]
  /** Since the start, by name. */
  totals(): ReadonlyMap<string, ConnectorTotals>
}

export interface ConnectorReading {
  readonly name: string
  readonly streams: number
  readonly draining: boolean
  readonly rttMs?: number | undefined
}

export interface ConnectorTotals {
  readonly connects: number
  readonly streams: number
  readonly refused: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface ExportReading {
  readonly name: string
  readonly lagEntries: number
  readonly lagSeconds: number
  /** Since the start. */
  readonly delivered: number
  readonly failed: number
  readonly state: string
}
