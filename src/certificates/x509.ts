// The only file that knows the certificate library: it throws unless reflect-metadata was imported before it.
import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { NAME_CONSTRAINTS, nameConstraints } from './name-constraints.ts'
import type { CertificateName } from './names.ts'

/** A certificate and its private key, PEM; the key is PKCS #8. */
export interface KeyedCertificate {
  readonly certificate: string
  readonly key: string
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

// Ed25519 has no hash of its own, which tls-server-end-point channel binding needs (RFC 5929 §4.1).
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** What an authority is for: names of the gateway, or names of somebody else that are answered in their place. It stands in its name. */
export type AuthorityPurpose = 'names' | 'interception'

/** A root that can sign for these names only: clients that check constraints refuse whatever else it signs. */
export async function selfSignAuthority(
  names: readonly CertificateName[],
  validity: Validity,
  purpose: AuthorityPurpose,
): Promise<KeyedCertificate> {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    // Unlike any other of ours: OpenSSL looks issuers up by name first.
    name: `CN=Gatescribe ${purpose} CA ${randomBytes(4).toString('hex')}`,
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new Extension(NAME_CONSTRAINTS, true, Buffer.from(nameConstraints(names))),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return pem(certificate, keys.privateKey)
}

/** A server's certificate for these names, signed by the authority. What the authority may sign for is for the caller to check. */
export async function signLeaf(
  authority: KeyedCertificate,
  names: readonly CertificateName[],
  validity: Validity,
): Promise<KeyedCertificate> {
  const issuer = new X509Certificate(authority.certificate)
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    // The space keeps OpenSSL from taking it for a DNS name where a leaf names addresses only.
    subject: 'CN=Gatescribe gateway',
    issuer: issuer.subject,
    ...validity,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map(({ kind, value }) => ({ type: kind, value }))),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return pem(certificate, keys.privateKey)
}

/** Whether a certificate is constrained to exactly these names. */
export function isConstrainedTo(certificate: string, names: readonly CertificateName[]): boolean {
  const constraints = new X509Certificate(certificate).getExtension(NAME_CONSTRAINTS)
  return constraints?.critical === true && Buffer.from(constraints.value).equals(nameConstraints(names))
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

const importKey = (key: string) => webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(key), ALGORITHM, false, ['sign'])

/** RFC 5280 §4.1.2.2: positive, not zero, at most 20 bytes; 126 bits of it are random. */
function newSerial(): string {
  const serial = randomBytes(16)
  serial[0] = (serial.readUInt8(0) & 0x3f) | 0x40
  return serial.toString('hex')
}

async function pem(certificate: X509Certificate, key: CryptoKey): Promise<KeyedCertificate> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key)
  return { certificate: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` }
}
