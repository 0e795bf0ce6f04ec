import { addressBytes, type CertificateName } from './names.ts'

/** RFC 5280 §4.2.1.10. */
export const NAME_CONSTRAINTS = '2.5.29.30'

const SEQUENCE = 0x30
const PERMITTED = 0xa0
const EXCLUDED = 0xa1
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87

/**
 * The value of the NameConstraints extension, DER, that permits these names and nothing else.
 *
 * A form of name that is not constrained at all is free (RFC 5280 §4.2.1.10), so a form without a configured name is excluded whole.
 * Permitting a DNS name permits the names below it too; the format knows no narrower way.
 */
export function nameConstraints(names: readonly CertificateName[]): Uint8Array {
  const permitted = names.map(({ kind, value }) => (kind === 'dns' ? dnsSubtree(value) : addressSubtree(addressBytes(value), 0xff)))
  const excluded: Uint8Array[] = []
  if (!names.some(({ kind }) => kind === 'dns')) excluded.push(dnsSubtree(''))
  if (!names.some(({ kind }) => kind === 'ip')) excluded.push(addressSubtree(new Uint8Array(4), 0), addressSubtree(new Uint8Array(16), 0))
  return der(SEQUENCE, der(PERMITTED, ...permitted), ...(excluded.length > 0 ? [der(EXCLUDED, ...excluded)] : []))
}

const dnsSubtree = (name: string) => der(SEQUENCE, der(DNS_NAME, Buffer.from(name, 'ascii')))

/** @param mask every byte of the mask: 0xff for exactly this address, 0 for every address */
const addressSubtree = (address: Uint8Array, mask: number) =>
  der(SEQUENCE, der(IP_ADDRESS, address, new Uint8Array(address.length).fill(mask)))

/** X.690 §8.1: tag, length in its shortest form, content. */
function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const { length } = Buffer.concat(content)
  const long: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) long.unshift(rest & 0xff)
  const prefix = length < 128 ? [tag, length] : [tag, 0x80 | long.length, ...long]
  return Buffer.concat([Uint8Array.from(prefix), ...content])
}
