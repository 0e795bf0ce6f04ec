import { createHash } from 'node:crypto'

/** Digests of certificate signatures, by the DER of their object identifier in hexadecimal. */
const DIGESTS: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption: RFC 5929 §4.1 says SHA-256 instead of MD5 …
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption: … and of SHA-1
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a864886f70d01010b': 'sha256', // sha256WithRSAEncryption
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a864886f70d01010e': 'sha224',
  '2a8648ce3d040301': 'sha224', // ecdsa-with-SHA224
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
}

/** RSASSA-PSS carries its digest as a parameter. */
const RSA_PSS = '2a864886f70d01010a'
const HASHES: Readonly<Record<string, string>> = {
  '2b0e03021a': 'sha256', // SHA-1, as above
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
  '608648016503040204': 'sha224',
}

const SEQUENCE = 0x30
const OBJECT_IDENTIFIER = 0x06
const HASH_PARAMETER = 0xa0

/**
 * The `tls-server-end-point` binding of RFC 5929 §4.1: the certificate hashed with its own signature's digest.
 * @param certificate DER of the server's leaf
 * @returns undefined where the signature names no digest (Ed25519, Ed448) or one that we do not know: no binding is possible then
 */
export function tlsServerEndPoint(certificate: Uint8Array): Buffer | undefined {
  const digest = signatureDigest(certificate)
  return digest === undefined ? undefined : createHash(digest).update(certificate).digest()
}

function signatureDigest(certificate: Uint8Array): string | undefined {
  // RFC 5280 §4.1: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }
  const whole = element(certificate, SEQUENCE)
  const signed = whole && element(whole.content, SEQUENCE)
  const algorithm = signed && element(signed.rest, SEQUENCE)
  const identifier = algorithm && element(algorithm.content, OBJECT_IDENTIFIER)
  if (!identifier) return undefined
  const name = hex(identifier.content)
  if (name !== RSA_PSS) return DIGESTS[name]
  // RFC 4055 §3.1: RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, … }
  const parameters = element(identifier.rest, SEQUENCE)
  const tagged = parameters && element(parameters.content, HASH_PARAMETER)
  if (!tagged) return parameters ? 'sha256' : undefined
  const hash = element(tagged.content, SEQUENCE)
  const hashName = hash && element(hash.content, OBJECT_IDENTIFIER)
  return hashName ? HASHES[hex(hashName.content)] : undefined
}

/** One DER element with this tag at the start of the bytes, and what follows it. Undefined where it is another or is cut. */
function element(bytes: Uint8Array, tag: number): { readonly content: Uint8Array; readonly rest: Uint8Array } | undefined {
  if (bytes[0] !== tag || bytes.length < 2) return undefined
  let length = bytes[1]!
  let at = 2
  if (length >= 0x80) {
    const octets = length & 0x7f
    if (octets === 0 || octets > 3 || bytes.length < 2 + octets) return undefined
    length = 0
    for (; at < 2 + octets; at++) length = (length << 8) | bytes[at]!
  }
  if (bytes.length < at + length) return undefined
  return { content: bytes.subarray(at, at + length), rest: bytes.subarray(at + length) }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
