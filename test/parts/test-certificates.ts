import 'reflect-metadata' // @peculiar/x509 throws without it.
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

export interface TestCertificate {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
}

/** A CA of this test alone, a certificate for the server and a way to issue client certificates. */
export interface TestCertificates {
  /** PEM. */
  readonly ca: string
  readonly server: TestCertificate
  /** @param commonName the PostgreSQL role or the Kubernetes user that the certificate speaks for. @param groups of that user in Kubernetes */
  issueClient(commonName: string, groups?: readonly string[]): Promise<TestCertificate>
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const HOUR_MS = 3_600_000

/** @param names DNS names of the server's certificate; 127.0.0.1 is always in it */
export async function issueTestCertificates(names: readonly string[] = ['localhost']): Promise<TestCertificates> {
  const caKeys = await newKeys()
  const now = Date.now()
  const validity = { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + 24 * HOUR_MS) }
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Gatescribe test CA',
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  })
  const issue = async (
    commonName: string,
    usage: ExtendedKeyUsage,
    dnsNames: readonly string[],
    groups: readonly string[] = [],
  ): Promise<TestCertificate> => {
    const keys = await newKeys()
    const certificate = await X509CertificateGenerator.create({
      subject: [`CN=${commonName}`, ...groups.map((group) => `O=${group}`)].join(', '),
      issuer: ca.subject,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      ...validity,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([usage]),
        await AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
        ...(dnsNames.length > 0
          ? [
              new SubjectAlternativeNameExtension([
                ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
                { type: 'ip', value: '127.0.0.1' },
              ]),
            ]
          : []),
      ],
    })
    return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) }
  }
  return {
    ca: ca.toString('pem'),
    server: await issue(names[0] ?? 'localhost', ExtendedKeyUsage.serverAuth, names.length > 0 ? names : ['localhost']),
    issueClient: (commonName, groups) => issue(commonName, ExtendedKeyUsage.clientAuth, [], groups),
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
}
