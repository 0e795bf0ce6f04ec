import type { Reference } from './reference.ts'

/** What this room has to know of a target as configured; the configuration maps onto it. */
export interface TargetSettings {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly tls: TargetTlsSettings
  /** One at least; which one opens a session is decided by what the rules could permit it. */
  readonly credentials: readonly CredentialSettings[]
}

export type TargetTlsSettings =
  | {
      readonly verify: 'full'
      /** PEM of the CA that is trusted instead of the system's. */
      readonly ca?: Reference
      readonly serverName?: string
    }
  | { readonly verify: 'off' }

/** What opens a target; the trail names it by `as`. */
export interface CredentialSettings {
  readonly as: string
  /** Classes of effects that it is for, such as `read`; absent: all. */
  readonly for?: readonly string[]
  readonly user: string
  readonly password?: Reference
  /** PEM. */
  readonly clientCertificate?: { readonly certificate: Reference; readonly key: Reference }
}
