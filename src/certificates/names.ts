import { isIP, SocketAddress } from 'node:net'
import { domainToASCII } from 'node:url'
import { CertificatesError } from './errors.ts'

/** What a certificate can be for. The value is in one canonical form, so that equal names are equal strings. */
export interface CertificateName {
  readonly kind: 'dns' | 'ip'
  readonly value: string
}

/** RFC 1034 §3.5, as loosened by RFC 1123 §2.1; an underscore is common in private networks and harmless here. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/

/**
 * Names as configured, in canonical form, sorted, each once.
 * @throws CertificatesError GS_CERTIFICATES_NAME, GS_CERTIFICATES_NO_NAMES
 */
export function canonicalNames(configured: readonly string[]): readonly CertificateName[] {
  if (configured.length === 0) throw new CertificatesError('GS_CERTIFICATES_NO_NAMES')
  const names = new Map(configured.map((text) => [canonicalText(text), text]))
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([value, text]) => nameOf(value, text))
}

/**
 * The form that names are compared in: what a client sends as server name, or connects to.
 * Empty where the text is no name at all; it comes from clients, so nothing is thrown.
 */
export function canonicalText(text: string): string {
  const family = isIP(text)
  if (family === 0) return domainToASCII(text.replace(/\.$/, '')).toLowerCase()
  // An address with a zone (fe80::1%eth0) means something on one machine only.
  if (text.includes('%')) return ''
  return new SocketAddress({ address: text, family: family === 4 ? 'ipv4' : 'ipv6' }).address
}

function nameOf(value: string, text: string): CertificateName {
  if (isIP(value)) return { kind: 'ip', value }
  const labels = value.split('.')
  if (value.length > 253 || !labels.every((label) => LABEL.test(label))) {
    throw new CertificatesError('GS_CERTIFICATES_NAME', `${JSON.stringify(text)} is neither a DNS name nor an IP address.`)
  }
  return { kind: 'dns', value }
}

/** An address in network order: 4 or 16 bytes. */
export function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.'), Number)
  // The URL parser writes IPv6 in RFC 5952 form, with an embedded IPv4 address as two groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = new Array<number>(8 - before.length - after.length).fill(0)
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]))
}

const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
