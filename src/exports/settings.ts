import type { Reference } from '../credentials/index.ts'
import { kindFacts } from './kinds.ts'

/** One receiver of the trail, as configured. */
export interface ExportSettings {
  /** Unique; its cursor is kept under it. */
  readonly name: string
  readonly kind: 'ocsf' | 'otlp' | 'webhook'
  /** https; http only to this machine, where `insecureLoopback` is said. */
  readonly url: string
  /** By their names in lower case; the value as a whole. */
  readonly headers: Readonly<Record<string, Reference>>
  /** What notifications are signed with; of `webhook`, and always there. */
  readonly secret?: Reference
  /** What its certificate is verified with; absent: what the system trusts. */
  readonly ca?: Reference
  /** Absent: every entry is sent. */
  readonly filter?: ExportFilter
  /** Where it begins when it has no cursor yet: with the first entry of the log, or with the next one. */
  readonly from: 'start' | 'now'
  readonly insecureLoopback: boolean
}

/** What passes each field that is there. */
export interface ExportFilter {
  /** `operation.intent`, or `operation.*`. */
  readonly kinds?: readonly string[]
  /** Names of resources. */
  readonly resources?: readonly string[]
  readonly decisions?: readonly ('allow' | 'ask' | 'deny')[]
}

/** Kinds of entries that this version writes: a filter that names another one lets nothing pass. */
export const writtenKinds: readonly string[] = Object.keys(kindFacts)
