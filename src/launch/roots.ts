import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import type { Environment } from './passed-environment.ts'

/** Where systems keep what they trust, in one file: Debian, Fedora, SUSE, Alpine, macOS and the BSDs. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/**
 * What the caller's system trusts, PEM: the file that the caller names, the system's own, or what Node brings.
 * A file that is named and cannot be read is passed over: then a connection fails, and nothing is trusted that was not.
 */
export function systemRoots({ SSL_CERT_FILE }: Environment): string {
  for (const path of [SSL_CERT_FILE, ...BUNDLES]) {
    const text = path && read(path)
    if (text) return text
  }
  return (['system', 'bundled'] as const).map((store) => getCACertificates(store).join('\n')).find(Boolean) ?? ''
}

/** Several files of certificates as one. */
export function bundleOf(...parts: readonly (string | undefined)[]): string {
  return parts.flatMap((part) => (part?.trim() ? [`${part.trim()}\n`] : [])).join('')
}

/** Content of a file of certificates; undefined where there is none. */
export function read(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.includes('-----BEGIN ') ? text : undefined
  } catch {
    return undefined
  }
}
