import type { Resource } from '../operations/index.ts'

/** How persons are asked, as configured. */
export interface ApprovalSettings {
  /** How long a connection waits for an answer before it is told to come back, ms, by protocol. */
  readonly hold: Readonly<Record<Resource['kind'], number>>
  /** Whether somebody may approve of whom it is not known that they did not start the run: not at all, or with one person more. */
  readonly unlinkedLauncher: 'refuse' | 'extra'
}

/** What holds where the configuration says nothing of it. */
export const DEFAULT_APPROVAL_SETTINGS: ApprovalSettings = Object.freeze({
  hold: Object.freeze({ postgres: 45_000, kubernetes: 600_000, http: 45_000, model: 60_000, mcp: 20_000, egress: 20_000 }),
  unlinkedLauncher: 'refuse',
})
