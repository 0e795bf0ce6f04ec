import type { Reference } from '../../credentials/index.ts'
import type { AcceptedValue, SigningAlgorithm } from '../settings.ts'

/** What a person may do here. Comes from groups of `people` issuers and from nothing else. */
export const roles = ['admin', 'auditor', 'approver', 'member'] as const
export type Role = (typeof roles)[number]

/** Whose persons hold which role: any of the groups, each `issuer/name`, the issuer being one that signs in people. */
export type RoleSettings = Readonly<Partial<Record<Role, { readonly groups: readonly string[] }>>>

/** Where the gateway is registered at an issuer. */
export interface ClientRegistration {
  readonly clientId: string
  /** Absent: a public client, which PKCE protects alone (RFC 7636). */
  readonly clientSecret?: Reference
  /**
   * How the secret travels: in the form (`client_secret_post`) or in the Authorization header (`client_secret_basic`, where special characters are
   * encoded, which not every issuer undoes). Default: in the body where the issuer takes it so.
   */
  readonly secretIn?: 'body' | 'header'
}

/** One OIDC issuer that signs in people, as the configuration has it. docs/identity.md shows Okta, Entra ID and Google Workspace. */
export interface PeopleIssuerSettings extends ClientRegistration {
  /** The short name that groups carry: `okta` gives `okta/…`. `[a-z0-9-]+` */
  readonly name: string
  /** Compared with `iss` byte for byte; its discovery document stands below it. https, or http on a loopback address with `insecureLoopback`. */
  readonly issuer: string
  readonly insecureLoopback?: boolean
  /** Signature algorithms of ID tokens. Default: all of `signingAlgorithms` that the issuer offers. */
  readonly algorithms?: readonly SigningAlgorithm[]
  /** The registration for the device flow, where the issuer wants another kind of client for it (Okta, Google). Default: the same. */
  readonly device?: ClientRegistration
  /** What is asked for. Default `defaultScopes`. */
  readonly scopes?: readonly string[]
  /** Claims that must match, as for jobs: exactly, or with `*` for one segment. */
  readonly accept?: Readonly<Record<string, AcceptedValue>>
  /**
   * `{groups}` gives one group for each name in that claim, percent-encoded; `domain:{hd}` one group over claims with one value each.
   * A template whose claim is absent gives none.
   */
  readonly groups: readonly string[]
  /** Template over claims for the name that others see. Default: `name`, `preferred_username`, `email` or the subject, whichever comes first. */
  readonly displayName?: string
  /** Name of another issuer → template over claims: the same person's account id there. Only claims that persons cannot set themselves. */
  readonly link: Readonly<Record<string, string>>
  /** Asks the issuer's UserInfo endpoint too, for issuers that leave claims out of the ID token (Okta). Default false. */
  readonly userinfo?: boolean
}

/** OpenID Connect Core 1.0 §5.4. */
export const defaultScopes = ['openid', 'profile', 'email'] as const
