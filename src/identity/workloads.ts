import { checkIssuer } from './check-issuer.ts'
import type { SpentTokens } from './credential-store.ts'
import { IdentityError } from './errors.ts'
import type { Issuer } from './issuer.ts'
import type { WorkloadSettings } from './settings.ts'
import { proveSubject } from './subject-token.ts'

/** Whose tokens prove what, by a name that the configuration gives. */
export type PreparedWorkloads = ReadonlyMap<string, Issuer>

/**
 * @param issuers those that prove jobs, prepared
 * @throws IdentityError GS_IDENTITY_ISSUER_UNSAFE, naming the field, where there is no such issuer or anybody could come to have such claims
 */
export function prepareWorkloads(
  named: Iterable<{ readonly name: string; readonly workload?: WorkloadSettings | undefined }>,
  issuers: readonly Issuer[],
): PreparedWorkloads {
  const prepared = new Map<string, Issuer>()
  for (const { name, workload } of named) {
    if (workload === undefined) continue
    const issuer = issuers.find(({ settings }) => settings.name === workload.issuer)
    if (!issuer) throw unsafe(name, 'issuer: no issuer that proves jobs is called so')
    const { audience, accept, immutable } = workload
    const settings = {
      ...issuer.settings,
      accept,
      ...(audience !== undefined && { audience }),
      ...(immutable && { immutable }),
    }
    const problem = checkIssuer(settings).find(({ level }) => level === 'refused')
    if (problem) throw unsafe(name, `${problem.field}: ${problem.sentence}`)
    prepared.set(name, { ...issuer, settings })
  }
  return prepared
}

const unsafe = (name: string, why: string) => new IdentityError('GS_IDENTITY_ISSUER_UNSAFE', { about: `workload of ${name}, ${why}` })

/** Tokens that prove a part of the operator's own, such as a connector. Each is taken once, and none that started a run. */
export class Workloads {
  readonly #spent: SpentTokens
  readonly #now: () => number
  #prepared: PreparedWorkloads

  /** @param parts.spent the same as of the token exchange @param parts.now milliseconds since the epoch; for tests */
  constructor(parts: { readonly prepared: PreparedWorkloads; readonly spent: SpentTokens; readonly now?: () => number }) {
    this.#prepared = parts.prepared
    this.#spent = parts.spent
    this.#now = parts.now ?? Date.now
  }

  /** From now on these, after a reload of the configuration. */
  use(prepared: PreparedWorkloads): void {
    this.#prepared = prepared
  }

  /**
   * @param name what the token must be for
   * @throws IdentityError where it is not
   */
  async verify(name: string, token: string): Promise<{ readonly issuer: string; readonly subject: string }> {
    const issuer = this.#prepared.get(name)
    if (!issuer) throw new IdentityError('GS_IDENTITY_NOT_ACCEPTED', { about: 'no workload is configured for it' })
    const proven = await proveSubject(token, {
      issuers: new Map([[issuer.settings.issuer, issuer]]),
      now: this.#now(),
      signed: () => undefined,
      usable: () => undefined,
    })
    if (!this.#spent.spend(proven.tokenId, proven.usableUntil)) throw new IdentityError('GS_IDENTITY_TOKEN_REPLAYED')
    return { issuer: issuer.settings.name, subject: proven.subject }
  }
}
