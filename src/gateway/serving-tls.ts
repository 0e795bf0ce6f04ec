import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls'
import type { NamesAuthority } from '../certificates/index.ts'
import type { GatewayTls } from '../config/index.ts'
import type { References } from '../credentials/index.ts'

/** What our doors present to clients. */
export interface ServingTls {
  /** The gateway's own names. */
  readonly names: readonly string[]
  /** PEM of the CA that clients must be given; undefined where the operator brought a certificate. */
  readonly ca: string | undefined
  secureContext(serverName?: string): SecureContext
  /** The leaf presented for this name, DER: channel binding hashes it (RFC 5929 §4). */
  leafDer(serverName?: string): Uint8Array
  /** For `node:https`: the default leaf, and others by server name. */
  options(): TlsOptions
}

/** Leaves of the names CA, minted anew before they expire. */
export function mintedTls(authority: NamesAuthority, names: readonly string[]): ServingTls {
  return {
    names,
    ca: authority.certificate,
    secureContext: (serverName) => authority.secureContext(serverName),
    leafDer: (serverName) => authority.leaf(serverName).der,
    options() {
      const { certificate: cert, key } = authority.leaf()
      return { cert, key, SNICallback: (serverName, answer) => answer(null, authority.secureContext(serverName)) }
    },
  }
}

/** The operator's own certificate, for every name. @throws CredentialsError where a reference leads nowhere */
export async function givenTls(
  given: NonNullable<GatewayTls['certificate']>,
  names: readonly string[],
  references: References,
): Promise<ServingTls> {
  const cert = await references.material(given.chain)
  const key = (await references.secret(given.key)).secret.reveal()
  const context = createSecureContext({ cert, key })
  const leaf = new X509Certificate(cert)
  return {
    names: names.length > 0 ? names : namesOf(leaf),
    ca: undefined,
    secureContext: () => context,
    leafDer: () => leaf.raw,
    options: () => ({ cert, key }),
  }
}

/** `DNS:gw.example.org, IP Address:10.0.0.1` as X509Certificate writes it. */
function namesOf({ subjectAltName }: X509Certificate): readonly string[] {
  return (subjectAltName ?? '').split(', ').flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? [])
}
