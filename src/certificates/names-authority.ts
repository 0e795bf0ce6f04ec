import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { type CertificateName, canonicalNames, canonicalText } from './names.ts'
import { type AuthorityReason, type AuthorityStore, standingAuthority } from './stored-authority.ts'
import { type AuthorityPurpose, type KeyedCertificate, signLeaf } from './x509.ts'

export interface Leaf extends KeyedCertificate {
  /** The certificate, DER: what tls-server-end-point channel binding hashes (RFC 5929 §4). */
  readonly der: Buffer
  /** SHA-256 of the DER, as `AB:CD:…`. */
  readonly fingerprint: string
  readonly serial: string
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** Something was made that the trail should know. Holds no key. */
export type Minted =
  | { readonly what: 'authority'; readonly reason: AuthorityReason; readonly fingerprint: string; readonly names: readonly string[] }
  | {
      readonly what: 'leaf'
      readonly names: readonly string[]
      readonly fingerprint: string
      readonly serial: string
      readonly expires: number
    }

/** The gateway's own certificate authority, which can speak for the configured names and for nothing else. */
export interface NamesAuthority {
  /** PEM: what clients are given to trust. */
  readonly certificate: string
  /** SHA-256 of the certificate's DER, as `AB:CD:…`. */
  readonly fingerprint: string
  /** Why this one was made just now; undefined where the stored one goes on. Clients must be given a new one. */
  readonly made: AuthorityReason | undefined
  /**
   * What to present to a client that sent this server name: the leaf for exactly that name, or, where it is unknown or absent
   * (libpq sends none for an address), the default leaf, which is for all configured names. Starts a renewal where one is due.
   */
  leaf(serverName?: string): Leaf
  /** Whether this name is one that it may speak for, and not the default leaf's to answer. */
  speaksFor(serverName: string): boolean
  /** The same, ready for `node:tls`; made once per leaf. */
  secureContext(serverName?: string): SecureContext
  /** Mints anew what is due, and resolves when that is in use. To be called daily: an idle gateway has no handshake to start it. */
  renew(): Promise<void>
}

export interface NamesAuthorityOptions {
  /** DNS names and IP addresses as configured. */
  readonly names: readonly string[]
  readonly store: AuthorityStore
  /** Default: names of the gateway. */
  readonly purpose?: AuthorityPurpose
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly minted?: (minted: Minted) => void
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Beginning an hour ago, for clients whose clock is behind, and 90 days in all. */
const BACKDATED_MS = HOUR_MS
const VALID_MS = 90 * DAY_MS
const RENEW_BEFORE_MS = 30 * DAY_MS

/** The key of the default leaf: no canonical name is empty, and what is no name becomes empty. */
const DEFAULT = ''

/**
 * Loads the authority, or makes it: at first, when the configured names changed (the old constraint would be wrong), and half a year before its end.
 * The default leaf is minted before it resolves, and stands in for the others until they are there some milliseconds later: a start
 * does not wait for them, nor a handshake. `renew` resolves when all are there.
 * @throws CertificatesError
 */
export async function createNamesAuthority({
  names,
  store,
  now,
  purpose,
  minted = () => {},
}: NamesAuthorityOptions): Promise<NamesAuthority> {
  const canonical = canonicalNames(names)
  const authority = await standingAuthority(canonical, store, now(), purpose)
  const parsed = new X509Certificate(authority.certificate)
  if (authority.made) {
    minted({ what: 'authority', reason: authority.made, fingerprint: parsed.fingerprint256, names: canonical.map(({ value }) => value) })
  }

  const wanted = new Map<string, readonly CertificateName[]>([
    [DEFAULT, canonical],
    ...canonical.map((name) => [name.value, [name]] as const),
  ])
  const leaves = new Map<string, Leaf>()
  const contexts = new WeakMap<Leaf, SecureContext>()
  let renewal: Promise<void> | undefined

  const mint = async (key: string, leafNames: readonly CertificateName[]) => {
    const begins = now() - BACKDATED_MS
    const ends = Math.min(begins + VALID_MS, parsed.validToDate.getTime())
    const leaf = describe(await signLeaf(authority, leafNames, { notBefore: new Date(begins), notAfter: new Date(ends) }))
    leaves.set(key, leaf)
    const { fingerprint, serial, expires } = leaf
    minted({ what: 'leaf', names: leafNames.map(({ value }) => value), fingerprint, serial, expires })
  }
  // Reported by `renew`, and tried again by the next handshake: until then the leaf at hand, or the default one, is good.
  const renewBeside = () => void renew().catch(() => {})
  const due = () => [...wanted].filter(([key]) => (leaves.get(key)?.expires ?? 0) - now() < RENEW_BEFORE_MS)
  const renew = () => {
    renewal ??= Promise.all(due().map(([key, leafNames]) => mint(key, leafNames)))
      .then(() => {})
      .finally(() => {
        renewal = undefined
      })
    return renewal
  }
  const leaf = (serverName?: string): Leaf => {
    const key = serverName === undefined ? DEFAULT : canonicalText(serverName)
    const found = leaves.get(key) ?? leaves.get(DEFAULT)!
    if (found.expires - now() < RENEW_BEFORE_MS) renewBeside()
    return found
  }

  await mint(DEFAULT, canonical)
  renewBeside()
  return {
    certificate: authority.certificate,
    fingerprint: parsed.fingerprint256,
    made: authority.made,
    leaf,
    renew,
    speaksFor: (serverName) => wanted.has(canonicalText(serverName)) && canonicalText(serverName) !== DEFAULT,
    secureContext(serverName) {
      const found = leaf(serverName)
      const context = contexts.get(found) ?? createSecureContext({ cert: found.certificate, key: found.key })
      contexts.set(found, context)
      return context
    },
  }
}

function describe(signed: KeyedCertificate): Leaf {
  const { raw, fingerprint256, serialNumber, validToDate } = new X509Certificate(signed.certificate)
  return { ...signed, der: raw, fingerprint: fingerprint256, serial: serialNumber, expires: validToDate.getTime() }
}
