import { createPrivateKey, X509Certificate } from 'node:crypto'
import { CertificatesError } from './errors.ts'
import type { CertificateName } from './names.ts'
import { type AuthorityPurpose, isConstrainedTo, type KeyedCertificate, selfSignAuthority } from './x509.ts'

/** Where the authority lives between starts. The caller seals the key. */
export interface AuthorityStore {
  /** What was saved last, or undefined before the first start. */
  load(): Promise<KeyedCertificate | undefined>
  /** Durable when it resolves. */
  save(authority: KeyedCertificate): Promise<void>
}

/** Why an authority was made: there was none, the configured names are others now, or the old one is near its end. */
export type AuthorityReason = 'first' | 'names-changed' | 'expiring'

export interface StandingAuthority extends KeyedCertificate {
  /** Undefined where the stored one goes on. */
  readonly made: AuthorityReason | undefined
}

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
const VALID_MS = 10 * YEAR_MS
/** Clients hold a copy of the certificate: a successor has to be handed out well before the end. */
const REPLACE_BEFORE_MS = YEAR_MS / 2

/**
 * The stored authority where it still fits, else a new one, saved.
 * @param now milliseconds since the epoch
 * @throws CertificatesError GS_CERTIFICATES_STORED: never replaced silently, because clients trust it
 */
export async function standingAuthority(
  names: readonly CertificateName[],
  store: AuthorityStore,
  now: number,
  purpose: AuthorityPurpose = 'names',
): Promise<StandingAuthority> {
  const stored = await store.load()
  const made = stored === undefined ? 'first' : unfit(stored, names, now)
  if (stored !== undefined && made === undefined) return { ...stored, made }
  const validity = { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + VALID_MS) }
  const authority = await selfSignAuthority(names, validity, purpose)
  await store.save(authority)
  return { ...authority, made }
}

function unfit({ certificate, key }: KeyedCertificate, names: readonly CertificateName[], now: number): AuthorityReason | undefined {
  const parsed = parse(certificate, key)
  if (!isConstrainedTo(certificate, names)) return 'names-changed'
  return parsed.validToDate.getTime() - now < REPLACE_BEFORE_MS ? 'expiring' : undefined
}

function parse(certificate: string, key: string): X509Certificate {
  try {
    const parsed = new X509Certificate(certificate)
    if (parsed.ca && parsed.checkPrivateKey(createPrivateKey(key))) return parsed
  } catch {
    // The cause may quote what it could not parse, and that could be the key: it is left out.
  }
  throw new CertificatesError('GS_CERTIFICATES_STORED')
}
