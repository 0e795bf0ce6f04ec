import { createHash } from 'node:crypto'
import { checkIssuer } from './check-issuer.ts'
import type { SpentTokens } from './credential-store.ts'
import { IdentityError } from './errors.ts'
import type { Issuer } from './issuer.ts'
import type { IssuerSettings, WorkloadSettings } from './settings.ts'
import { proveSubject } from './subject-token.ts'

/** Whose tokens prove what, by a name that the configuration gives. */
export type PreparedWorkloads = ReadonlyMap<string, PreparedWorkload>

export interface PreparedWorkload extends Issuer {
  /** Hex; another one where other tokens are taken. */
  readonly rule: string
}

/** Whose token it was. */
export interface ProvenWorkloadToken {
  /** By its configured name. */
  readonly issuer: string
  readonly subject: string
  /** That of the workload, as it was then. */
  readonly rule: string
  /** Identifies the token; hex. */
  readonly token: string
}

/**
 * @param issuers those that prove jobs, prepared
 * @throws IdentityError GS_IDENTITY_ISSUER_UNSAFE, naming the field, where there is no such issuer or anybody could come to have such claims
 */
export function prepareWorkloads(
  named: Iterable<{ readonly name: string; readonly workload?: WorkloadSettings | undefined }>,
  issuers: readonly Issuer[],
): PreparedWorkloads {
  const prepared = new Map<string, PreparedWorkload>()
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
    prepared.set(name, { ...issuer, settings, rule: ruleOf(settings) })
  }
  return prepared
}

/** What decides whose tokens are taken, whatever the order in which it is written; what the issuer's tokens say of runs is not of it. */
function ruleOf({ issuer, audience, accept, immutable, keys, algorithms, types }: IssuerSettings): string {
  const claims = Object.entries(accept).sort(([a], [b]) => (a < b ? -1 : 1))
  const rule = [issuer, audience, claims, immutable ?? null, keys ?? null, algorithms ?? null, types ?? null]
  return createHash('sha256').update(JSON.stringify(rule)).digest('hex')
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

  /** @returns what identifies the rule in force for that name; undefined where no token is taken */
  rule(name: string): string | undefined {
    return this.#prepared.get(name)?.rule
  }

  /**
   * @param name what the token must be for
   * @param shownBefore what identifies a token that may be shown again, by whoever showed it first
   * @throws IdentityError where it is not
   */
  async verify(name: string, token: string, shownBefore?: string): Promise<ProvenWorkloadToken> {
    const issuer = this.#prepared.get(name)
    if (!issuer) throw new IdentityError('GS_IDENTITY_NOT_ACCEPTED', { about: 'no workload is configured for it' })
    const proven = await proveSubject(token, {
      issuers: new Map([[issuer.settings.issuer, issuer]]),
      now: this.#now(),
      signed: () => undefined,
      usable: () => undefined,
    })
    const id = proven.tokenId.toString('hex')
    if (!this.#spent.spend(proven.tokenId, proven.usableUntil) && id !== shownBefore) throw new IdentityError('GS_IDENTITY_TOKEN_REPLAYED')
    return { issuer: issuer.settings.name, subject: proven.subject, rule: issuer.rule, token: id }
  }
}
