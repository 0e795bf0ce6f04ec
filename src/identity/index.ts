export type * from './authenticator.ts'
export { checkIssuer, type IssuerProblem } from './check-issuer.ts'
export type { CredentialDoor } from './credential.ts'
export type { CredentialStore, SpentTokens, StoredCredential } from './credential-store.ts'
export { type IdentityCode, IdentityError, identityErrors } from './errors.ts'
export { type ExchangedRun, type ExchangeOptions, type ExchangeRequest, type RefusedSignIn, TokenExchange } from './exchange.ts'
export { type Issuer, prepareIssuer } from './issuer.ts'
export type { KeyTimes } from './issuer-keys.ts'
export { type IdentityKeys, openIdentityKeys, type RootKeyStore, resealRootKey } from './root-key.ts'
export { type BearerPlane, type KnownRuns, type MintedCredentials, RunCredentials } from './run-credentials.ts'
export {
  type AcceptedScalar,
  type AcceptedValue,
  type IssuerSettings,
  immutableClaims,
  type KeySource,
  type RunSettings,
  type SigningAlgorithm,
  signingAlgorithms,
  type WorkloadSettings,
} from './settings.ts'
export { addressKey, type LoginThrottle, loginThrottle, Throttle, type ThrottleLimits } from './throttle.ts'
export { type PreparedWorkloads, prepareWorkloads, Workloads } from './workloads.ts'
