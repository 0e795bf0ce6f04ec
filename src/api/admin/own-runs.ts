import type { PersonSession } from '../../identity/people/index.ts'
import type { JobVariables, ModelApi } from '../../operations/index.ts'
import type { ExchangeAnswer } from '../token/index.ts'

/** A run of a person's own, and what opens the planes in it. */
export interface OwnRun {
  readonly run: string
  /** When it is over unless it is renewed, and when it is over at the latest: the end of the sign-in. ms since the epoch */
  readonly expiresAt: number
  readonly until: number
  readonly resource: string
  /** By which name a client asks for its database, where there is one only. */
  readonly database?: string
  /** What opens the resource: by its kind. */
  readonly planes:
    | { readonly postgres: { readonly host: string; readonly port: number; readonly user: string; readonly credential: string } }
    | { readonly kubernetes: OwnHttpPlane }
    | { readonly http: OwnHttpPlane }
    | { readonly model: OwnHttpPlane & { readonly api: ModelApi } }
    | { readonly mcp: OwnHttpPlane }
  /** The CA that signed the certificates of the planes, PEM; undefined where the operator brought one. */
  readonly ca: string | undefined
}

/** A resource behind the https door, and the bearer token for it. */
export interface OwnHttpPlane {
  readonly url: string
  readonly credential: string
  /** Under which variables its clients look for it, where the configuration says so. */
  readonly env?: JobVariables
}

/** A run of a person's own for whatever they may open, kept by its handle at the token door as a job's is. */
export interface LaunchedOwnRun {
  /** URL of the token door. */
  readonly gateway: string
  readonly exchange: ExchangeAnswer
  readonly ca: string | undefined
}

/** Runs of persons: docs/identity.md, "People at the planes". Each is of the sign-in that it was started from, and is over with it. */
export interface OwnRuns {
  /**
   * Another run. `run.start` is durable when it resolves.
   * @throws LocalError GS_LOCAL_NOT_FOUND where no resource has this name; RunError; PeopleError where the session is over meanwhile
   */
  start(session: PersonSession, resource: string): Promise<OwnRun>
  /** The same for everything that they may open. @throws RunError; PeopleError where the session is over meanwhile */
  launch(session: PersonSession): Promise<LaunchedOwnRun>
  /** A heart-beat. @throws LocalError GS_LOCAL_NOT_FOUND where it is not of this sign-in, RunError GS_RUNS_OVER */
  renew(session: PersonSession, run: string): Pick<OwnRun, 'run' | 'expiresAt' | 'until'>
  /** Ends it, and what is connected in it. @throws LocalError GS_LOCAL_NOT_FOUND */
  end(session: PersonSession, run: string): void
}
