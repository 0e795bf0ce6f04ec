import type { Principal } from './principal.ts'

/** The run's public id, `run_…`: names it everywhere, opens nothing. */
export type RunId = `run_${string}`

/** What the issuer's token said of the run; every one of these is proven by its signature. */
export interface RunFacts {
  readonly repository?: string
  readonly workflow?: string
  readonly commit?: string
  readonly attempt?: string
  /** Who started it: an account id of its issuer, like the next two. */
  readonly launcher?: string
  /** Who started it again, where somebody did. */
  readonly rerunner?: string
  /** Who wrote the code that it runs. */
  readonly author?: string
  readonly url?: string
}

/** One execution of a job, as the issuer identifies it; or what a person does at the planes from one `gatescribe connect` to its end. */
export interface Run {
  readonly id: RunId
  readonly principal: Principal
  readonly facts: RunFacts
  /** Of a person: accounts elsewhere that are known to be theirs, by the configured name of the issuer. */
  readonly accounts?: Readonly<Record<string, string>>
  /** Of a person: the sign-in that it was started from, and ends with. */
  readonly signIn?: { readonly session: string /** When that is over at the latest, ms since the epoch. */; readonly until: number }
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}
