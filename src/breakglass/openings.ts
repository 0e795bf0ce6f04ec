import type { Run } from '../operations/index.ts'

export type OpeningId = `bgl_${string}`

/** Break-glass that is open: one person may use these resources, whatever the rules say, until it is over. */
export interface Opening {
  readonly id: OpeningId
  /** Configured name of the issuer that signed the person in, and who that is there. */
  readonly issuer: string
  readonly subject: string
  /** Who may break it, as configured: what a sign-in says of the person's groups must name one of these still. */
  readonly groups: readonly string[]
  /** Names of resources. */
  readonly resources: readonly string[]
  /** ms since the epoch */
  readonly until: number
}

/** Why an opening is over. `configuration`: it says something else now; `interrupted`: the gateway ended before it was known to be open. */
export type ClosedWhy = 'expired' | 'closed' | 'person-revoked' | 'configuration' | 'interrupted'

/** What is open now. It changes only once the entry that says so is durable; a close holds before it is. */
export interface Openings {
  /**
   * The opening under which a run may use a resource, if there is one: runs of the person themselves only, never of jobs, and of no sign-in by which they
   * are no more of those who may.
   * @param now ms since the epoch; what is over by then covers nothing, whether its end is recorded yet or not
   */
  covering(run: Pick<Run, 'principal'>, resource: string, now: number): Opening | undefined
  /** Told of each opening once it is over. @returns ends that */
  onClosed(listener: (opening: Opening, why: ClosedWhy) => void): () => void
}
