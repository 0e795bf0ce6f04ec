/** What opens a target. Lives only while a login runs; never logged, never thrown. */
export interface TargetSecret {
  readonly user: string
  readonly password?: string
  /** PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string }
}

/** Where the target is and how it is trusted. */
export interface TargetAddress {
  readonly host: string
  readonly port: number
  /** `full` — chain and host name are verified (the default); `off` — plaintext, only where the configuration says so. */
  readonly tls: { readonly verify: 'full'; readonly ca?: string; readonly serverName?: string } | { readonly verify: 'off' }
}

/**
 * A protocol's log-in: secret in, logged-in connection out. The protocols implement it, `credentials/` calls it, `gateway/` brings
 * them together: so its shape is everybody's.
 */
export type Login<Ask, Target> = (address: TargetAddress, secret: TargetSecret, ask: Ask, signal: AbortSignal) => Promise<Target>
