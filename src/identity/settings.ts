/** One issuer whose tokens may be exchanged for a run, as the configuration has it. docs/identity.md shows one per CI system. */
export interface IssuerSettings {
  /** The short name that groups carry: `github` gives `github/…`. `[a-z0-9-]+` */
  readonly name: string
  /** Compared with `iss` byte for byte. https, or http on a loopback address with `insecureLoopback`. */
  readonly issuer: string
  /** What `aud` must be: this gateway and nothing else. */
  readonly audience: string
  /**
   * Claim → what it must be; every claim named must match, and at least one must be immutable (see `immutable`).
   * A claim is a top-level name, or a JSON Pointer (RFC 6901) such as `/kubernetes.io/serviceaccount/uid`. Never `sub`.
   * An event that strangers can trigger (`pull_request` …) is refused unless `event_name` names it here without a glob.
   */
  readonly accept: Readonly<Record<string, AcceptedValue>>
  /** Templates over claims, `repo:{repository}`; a group is then `<name>/repo:acme/reports`. */
  readonly groups: readonly string[]
  readonly run: RunSettings
  /** Claims of `accept` that can never be given to somebody else. Default `immutableClaims`. */
  readonly immutable?: readonly string[]
  /** Where the issuer's keys come from. Default: the issuer's own discovery document. */
  readonly keys?: KeySource
  /** Permits http for an issuer on 127.0.0.1, ::1 or localhost: tests and demos only. Default false. */
  readonly insecureLoopback?: boolean
  /** Signature algorithms. Default `signingAlgorithms`; never `none` or one with a shared secret. */
  readonly algorithms?: readonly SigningAlgorithm[]
  /** Accepted `typ` headers, compared without case and without `application/`. Default `['JWT']`; a token without `typ` passes only where this is absent. */
  readonly types?: readonly string[]
}

/** Whose tokens prove a part of the operator's own that runs elsewhere, such as a connector; an issuer's settings with other claims. */
export interface WorkloadSettings {
  /** Name of the issuer. */
  readonly issuer: string
  /** What `aud` must be. Default: the issuer's own. */
  readonly audience?: string
  /** Instead of the issuer's. */
  readonly accept: Readonly<Record<string, AcceptedValue>>
  /** Claims of `accept` that can never be given to somebody else. Default: the issuer's own. */
  readonly immutable?: readonly string[]
}

/** Type-strict: "1" does not match 1. In strings `*` stands for one segment: characters other than `/`, at least one. */
export type AcceptedValue = AcceptedScalar | readonly AcceptedScalar[]
export type AcceptedScalar = string | number | boolean

/** How the issuer's claims describe a run. All but `id` are templates over claims. */
export interface RunSettings {
  /** Claims, each as a template, that together identify one run of one job: the run's id derives from them. At least one. */
  readonly id: readonly string[]
  readonly repository?: string
  readonly workflow?: string
  readonly commit?: string
  readonly attempt?: string
  /** Account ids: approvals hold them against the accounts that `people.link` maps to persons. */
  readonly launcher?: string
  readonly rerunner?: string
  readonly author?: string
  readonly url?: string
}

export type KeySource =
  /** `<issuer>/.well-known/openid-configuration`, whose `issuer` must be the same; its `jwks_uri` on any https host. */
  | { readonly from: 'discovery' }
  | { readonly from: 'uri'; readonly uri: string }
  /** A JWKS that the configuration already read, for issuers that the gateway cannot reach. */
  | { readonly from: 'inline'; readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] } }

export const signingAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

/** Ids that GitHub, GitLab, Kubernetes and Entra ID never give to somebody else; a name can be renamed and taken over. */
export const immutableClaims = [
  'repository_id',
  'repository_owner_id',
  'enterprise_id',
  'project_id',
  'namespace_id',
  'oid',
  '/kubernetes.io/serviceaccount/uid',
] as const
