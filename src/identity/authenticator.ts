import type { Run } from '../operations/index.ts'

/** RFC 5802 §3: what a server keeps of a password. The iteration count and salt are public, the keys are not. */
export interface ScramVerifier {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** "Who holds this credential?", asked by one plane. A credential of another plane, or of a run that is over, is refused. */
export interface BearerAuthenticator {
  /** The run whose plane credential this is. @throws IdentityError where it is unknown, foreign, another plane's, expired or revoked */
  runOf(credential: string): Promise<Run>
}

/** The same where a credential need not be shown: the PostgreSQL plane. */
export interface PlaneAuthenticator extends BearerAuthenticator {
  /**
   * The verifier of the plane credential of the run with this public id. For an unknown, ended or revoked run it is a
   * well-formed one that nothing satisfies and that is the same each time, so that an answer tells nothing.
   */
  verifier(runId: string): Promise<ScramVerifier>
  /** The run, after its credential was proven by SCRAM. @throws IdentityError where it is not live */
  provenRun(runId: string): Promise<Run>
}
