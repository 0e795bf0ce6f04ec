import type { Duplex } from 'node:stream'

/** What opens a PostgreSQL target. Lives only while a login runs; never logged, never thrown. */
export interface TargetSecret {
  readonly user: string
  readonly password?: string
  readonly clientCertificate?: ClientCertificate
}

/** PEM. */
export interface ClientCertificate {
  readonly certificate: string
  readonly key: string
}

/** What opens a target that is spoken to in HTTP, at this moment. Never logged, never thrown. */
export interface HttpCredential {
  /** Set on every request instead of whatever the client sent there: the name in lower case, and the value as a whole, `Bearer …` for example. */
  readonly header?: { readonly name: string; readonly value: string }
  readonly clientCertificate?: ClientCertificate
}

/**
 * The same for as long as a connection lives. Other than a password, it changes meanwhile: tokens of service accounts are rotated, those
 * that a program mints come to their end.
 */
export interface HttpSecret {
  /**
   * As of now; for each request. It is the same object for as long as nothing has changed, so what was made for it can be kept by it.
   * @throws a coded error where none can be had any more; it holds no secret
   */
  current(): Promise<HttpCredential>
  /** The target did not accept this one (401): what is kept of it is dropped, and the next `current` looks anew. */
  refused(used: HttpCredential): void
}

/**
 * Opens a stream of bytes to one address, on a way that is not the gateway's own network.
 * @throws a coded error whose texts may be told to whoever is to be connected; or the signal's reason
 */
export type Dial = (signal: AbortSignal) => Promise<Duplex>

/** Where the target is and how it is trusted. */
export interface TargetAddress {
  readonly host: string
  readonly port: number
  /** Of targets that are spoken to in HTTP: what stands before every path, such as `/v1`; without a slash at its end. */
  readonly basePath?: string
  /** Where the gateway does not connect to it itself. TLS ends in the gateway all the same. */
  readonly via?: { readonly connector: string; readonly dial: Dial }
  /** `full` — chain and host name are verified (the default); `off` — plaintext, only where the configuration says so. */
  readonly tls: { readonly verify: 'full'; readonly ca?: string; readonly serverName?: string } | { readonly verify: 'off' }
}

/**
 * A protocol's log-in: secret in, logged-in connection out. The protocols implement it, `credentials/` calls it, `gateway/` brings
 * them together: so its shape is everybody's.
 */
export type Login<Ask, Target, Secret = TargetSecret> = (
  address: TargetAddress,
  secret: Secret,
  ask: Ask,
  signal: AbortSignal,
) => Promise<Target>
