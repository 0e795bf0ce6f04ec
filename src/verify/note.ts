import { isUtf8 } from 'node:buffer'
import { createPublicKey, hash, verify } from 'node:crypto'
import { Unusable } from './verdict.ts'

const MAX_NOTE = 65_536
const MAX_SIGNATURES = 64
/** No Unicode space (\s leaves out U+0085), no plus. */
const KEY_NAME = /^[^\s+\u0085]+$/u

/** A verifier key of a log (signature type 0x01) or a witness (0x04): both are Ed25519. */
export interface Key {
  readonly name: string
  readonly id: string
  readonly type: 'log' | 'witness'
  readonly material: string
  /** Whether this signature, without its key id, is this key's over that text. */
  verifies(text: string, signature: Buffer): boolean
}

/** A signed checkpoint (tlog-checkpoint). Nothing in it means anything until a trusted key has signed it. */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  /** 32 bytes as a binary string. */
  readonly root: string
  readonly text: string
  readonly signatures: readonly { readonly name: string; readonly id: string; readonly bytes: Buffer }[]
}

/** RFC 4648, one text per content. @throws Unusable */
export function decode(text: unknown, encoding: 'base64' | 'base64url' = 'base64'): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, encoding) : undefined
  if (bytes === undefined || bytes.toString(encoding) !== text) throw new Unusable(`something is not in canonical ${encoding}`)
  return bytes
}

/** @throws Unusable where it is not valid UTF-8, or longer than `limit` bytes */
export function textOf(bytes: Buffer, limit: number): string {
  if (bytes.length > limit || !isUtf8(bytes)) throw new Unusable(`something is no UTF-8, or longer than ${limit} bytes`)
  return bytes.toString()
}

/** signed-note, "Verifier keys". @throws Unusable where it is not an Ed25519 key of such a type, or has the id of another */
export function parseKey(vkey: string, type: Key['type']): Key {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/su.exec(vkey) ?? []
  const bytes = decode(encoded)
  const fits = KEY_NAME.test(name) && bytes.length === 33 && bytes[0] === (type === 'log' ? 0x01 : 0x04)
  if (!fits || hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), bytes])).slice(0, 8) !== id) {
    throw new Unusable(`not the Ed25519 key of a ${type}: ${vkey}`)
  }
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url', 1) }, format: 'jwk' })
  const verifies = (text: string, signature: Buffer) => {
    if (signature.length !== (type === 'log' ? 64 : 72)) return false
    // tlog-cosignature, "Ed25519 signed message": a witness' signature stands behind its time.
    const message = type === 'log' ? text : `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n${text}`
    return verify(null, Buffer.from(message), key, signature.subarray(-64))
  }
  return { name, id, type, material: bytes.toString('hex', 1), verifies }
}

/** signed-note, "Format", and tlog-checkpoint, "Note text". @throws Unusable */
export function parseCheckpoint(bytes: Buffer): Checkpoint {
  const note = textOf(bytes, MAX_NOTE)
  const end = note.lastIndexOf('\n\n')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note must not hold
  if (end === -1 || !note.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(note)) throw new Unusable('not a signed note')
  const lines = note.slice(end + 2, -1).split('\n')
  const signatures = lines.map((line) => {
    const [dash, name = '', encoded, ...more] = line.split(' ')
    const signature = decode(encoded)
    const fits = dash === '—' && KEY_NAME.test(name) && more.length === 0 && signature.length > 4 && lines.length <= MAX_SIGNATURES
    if (!fits) throw new Unusable('a note has a line that is no signature, or too many')
    return { name, id: signature.toString('hex', 0, 4), bytes: signature.subarray(4) }
  })
  const text = note.slice(0, end + 1)
  const [origin, size = '', root, ...extension] = text.slice(0, -1).split('\n')
  const hashed = decode(root)
  if (!origin || !/^(0|[1-9]\d{0,14})$/.test(size) || hashed.length !== 32 || extension.includes('')) throw new Unusable('not a checkpoint')
  return { origin, size: Number(size), root: hashed.toString('latin1'), text, signatures }
}
