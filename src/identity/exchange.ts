import type { BegunRun, RunLifeCycle } from '../runs/index.ts'
import type { SpentTokens } from './credential-store.ts'
import { type IdentityCode, IdentityError } from './errors.ts'
import type { Issuer } from './issuer.ts'
import type { BearerPlane, MintedCredentials, RunCredentials } from './run-credentials.ts'
import { type ProvenJob, proveJob } from './subject-token.ts'
import { addressKey, Throttle, type ThrottleLimits } from './throttle.ts'

export interface ExchangeRequest {
  /** The compact JWT as it came. */
  readonly subjectToken: string
  /** Peer address. */
  readonly address: string
}

export interface ExchangedRun extends BegunRun, MintedCredentials {}

/** A token was turned away; for the trail. Holds nothing of the token but what its signature proved. */
export interface RefusedSignIn {
  readonly code: string
  readonly address: string
  /** Configured issuer name and subject, once the signature was good. */
  readonly signedBy?: { readonly issuer: string; readonly subject: string }
}

export interface ExchangeOptions {
  readonly issuers: readonly Issuer[]
  readonly runIdKey: Uint8Array
  readonly runs: RunLifeCycle
  readonly credentials: RunCredentials
  /** Planes, beside PostgreSQL, that there is something to reach on: a run has a credential for each. Absent: none. */
  readonly planes?: () => readonly BearerPlane[]
  readonly spent: SpentTokens
  readonly onRefused: (refused: RefusedSignIn) => void
  /** Defaults leave room for a matrix of a hundred jobs that start at once behind one address. */
  readonly limits?: { readonly address?: ThrottleLimits; readonly subject?: ThrottleLimits }
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number
}

/** A token of a CI system or workload for a run and its credentials (RFC 8693). */
export class TokenExchange {
  readonly #options: ExchangeOptions
  readonly #now: () => number
  readonly #byAddress: Throttle
  readonly #bySubject: Throttle
  #issuers: ReadonlyMap<string, Issuer>

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#issuers = byUrl(options.issuers)
    this.#byAddress = new Throttle(options.limits?.address ?? { burst: 60, perSecond: 2 }, this.#now)
    this.#bySubject = new Throttle(options.limits?.subject ?? { burst: 100, perSecond: 5 }, this.#now)
  }

  /** From now on these issuers are accepted, after a reload of the configuration. Live runs stay. */
  useIssuers(issuers: readonly Issuer[]): void {
    this.#issuers = byUrl(issuers)
  }

  /**
   * Starts or joins the run that the token belongs to. `run.start` is durable when it resolves.
   * @throws IdentityError where the token is refused, RunError where its run cannot be entered
   */
  async exchange({ subjectToken, address }: ExchangeRequest): Promise<ExchangedRun> {
    let signedBy: RefusedSignIn['signedBy']
    try {
      const proven = await this.#prove(subjectToken, address, (issuer, subject) => {
        signedBy = { issuer, subject }
      })
      this.#spend(proven)
      const begun = await this.#options.runs.begin(proven.run)
      return { ...begun, ...(await this.#options.credentials.mint(begun.run.id, this.#options.planes?.())) }
    } catch (error) {
      this.#report(error, address, signedBy)
      throw error
    }
  }

  /**
   * Per address until the token is known to be signed, for this gateway and in time; per issuer and subject from then on. Not sooner:
   * an old token, as found in a log, would be enough to use up what its subject may try.
   */
  #prove(token: string, address: string, onSigned: (issuer: string, subject: string) => void): Promise<ProvenJob> {
    const key = addressKey(address)
    this.#byAddress.take(key)
    return proveJob(token, {
      issuers: this.#issuers,
      runIdKey: this.#options.runIdKey,
      now: this.#now(),
      signed: onSigned,
      usable: (issuer, subject) => {
        this.#byAddress.giveBack(key)
        this.#bySubject.take(JSON.stringify([issuer, subject]))
      },
    })
  }

  /** A throttled attempt is not reported: otherwise a flood at the door would be a flood in the trail. */
  #report(error: unknown, address: string, signedBy: RefusedSignIn['signedBy']): void {
    const code = (error as { code?: unknown }).code
    if (code === ('GS_IDENTITY_THROTTLED' satisfies IdentityCode)) return
    this.#options.onRefused({ code: typeof code === 'string' ? code : 'unexpected', address, ...(signedBy && { signedBy }) })
  }

  #spend({ tokenId, usableUntil }: ProvenJob): void {
    if (!this.#options.spent.spend(tokenId, usableUntil)) throw new IdentityError('GS_IDENTITY_TOKEN_REPLAYED')
  }
}

function byUrl(issuers: readonly Issuer[]): ReadonlyMap<string, Issuer> {
  const map = new Map(issuers.map((issuer) => [issuer.settings.issuer, issuer]))
  if (map.size !== issuers.length) throw new IdentityError('GS_IDENTITY_ISSUER_UNSAFE', { about: 'two issuers with the same URL' })
  return map
}
