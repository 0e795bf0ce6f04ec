export type * from './authenticator.ts'
export {
  type AcceptedScalar,
  type AcceptedValue,
  type IssuerSettings,
  immutableClaims,
  type KeySource,
  type RunSettings,
  type SigningAlgorithm,
  signingAlgorithms,
} from './settings.ts'
