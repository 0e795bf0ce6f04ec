import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import { fromBase64, toBase64 } from './base64.ts'
import { cosignedMessage, splitCosignature } from './cosignature.ts'
import { TlogError } from './errors.ts'
import { isKeyName } from './key-name.ts'

/** Checks signatures of one key. */
export interface NoteVerifier {
  readonly name: string
  /** The 32-bit key id: with the name it says which key signed. */
  readonly id: number
  /** The key in text: name, id and key, joined by plus signs. */
  readonly vkey: string
  /** `ed25519` is a log's key (type 0x01), `cosignature` a witness's (type 0x04). */
  readonly kind: 'ed25519' | 'cosignature'
  /** @param text of the note. @param signature the bytes behind the key id */
  verify(text: string, signature: Uint8Array): boolean
}

/** The types of signature that are understood (c2sp.org/signed-note, Signature types). */
export const signatureTypes = { ed25519: 0x01, cosignature: 0x04 } as const

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const MAX_VKEY_CHARACTERS = 1024
/** What stands before the 32 bytes of a public key in DER (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** SHA-256(name ‖ 0x0A ‖ type ‖ public key), its first four bytes (c2sp.org/signed-note, Signatures). */
export function keyId(name: string, type: number, publicKey: Uint8Array): number {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), publicKey]), 'buffer').readUInt32BE()
}

export function formatVkey(name: string, type: number, publicKey: Uint8Array): string {
  const id = keyId(name, type, publicKey).toString(16).padStart(8, '0')
  return `${name}+${id}+${toBase64(Buffer.concat([Buffer.of(type), publicKey]))}`
}

/**
 * @param vkey `<name>+<key id in hex>+<base64 of type and public key>` (c2sp.org/signed-note, Verifier keys)
 * @throws TlogError GS_TLOG_KEY, also where the id is not that of the key
 */
export function parseVkey(vkey: string): NoteVerifier {
  if (vkey.length > MAX_VKEY_CHARACTERS) throw new TlogError('GS_TLOG_KEY', 'The verifier key is too long.')
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(vkey) ?? []
  const material = encoded === undefined ? undefined : fromBase64(encoded)
  if (name === undefined || id === undefined || material === undefined || !isKeyName(name)) throw new TlogError('GS_TLOG_KEY')
  const kind = kindOf(material[0])
  const publicKey = material.subarray(1)
  if (kind === undefined) throw new TlogError('GS_TLOG_KEY', `The key of ${name} is of a type that is not understood here.`)
  if (publicKey.length !== KEY_BYTES) throw new TlogError('GS_TLOG_KEY', `The key of ${name} does not have 32 bytes.`)
  if (keyId(name, signatureTypes[kind], publicKey) !== Number.parseInt(id, 16))
    throw new TlogError('GS_TLOG_KEY', `The key of ${name} does not have the id that stands beside it: name or key were changed.`)
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
  return { name, id: Number.parseInt(id, 16), vkey, kind, verify: verifiers[kind](key) }
}

/** The public key in a vkey that was parsed before; two vkeys of one key have the same. */
export function publicKeyOf({ vkey }: Pick<NoteVerifier, 'vkey'>): string {
  return (fromBase64(vkey.split('+').slice(2).join('+')) as Buffer).subarray(1).toString('hex')
}

const kindOf = (type: number | undefined): NoteVerifier['kind'] | undefined =>
  (Object.keys(signatureTypes) as NoteVerifier['kind'][]).find((kind) => signatureTypes[kind] === type)

const verifiers: Record<NoteVerifier['kind'], (key: KeyObject) => NoteVerifier['verify']> = {
  ed25519: (key) => (text, signature) => signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(text), key, signature),
  cosignature: (key) => (text, signature) => {
    const cosignature = splitCosignature(signature)
    return cosignature !== undefined && verify(null, cosignedMessage(text, cosignature.time), key, cosignature.signature)
  },
}
