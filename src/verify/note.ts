import { isUtf8 } from 'node:buffer'
import { createPublicKey, hash, verify } from 'node:crypto'
import { refuse } from './verdict.ts'

const MAX_NOTE = 65_536
/** signed-note, "Format", and tlog-checkpoint, "Note text". In the name of a key, no Unicode space (\s leaves out U+0085) and no plus. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note must not hold
const NOTE = /^(([^\0-\x1f]+)\n(0|[1-9]\d{0,14})\n([\w+/]{43}=)\n(?:[^\0-\x1f]+\n)*)\n((?:— [^\s+\u0085]+ [\w+/=]+\n){1,64})$/u
const VKEY = /^([^\s+\u0085]+)\+([0-9a-f]{8})\+([\w+/=]+)$/u

type Signature = { readonly name: string; readonly id: string; readonly bytes: Buffer }
/** A signed checkpoint; its root is a binary string. Nothing in it means anything until a trusted key has signed it. */
export type Checkpoint = { origin: string; size: number; root: string; text: string; signatures: readonly Signature[] }
/** A verifier key of a log or a witness, and whether a signature, without its key id, is its own over a text. */
export type Key = { name: string; id: string; material: string; verifies: (text: string, signature: Buffer) => boolean }

/** RFC 4648, one text per content. @throws Unusable */
export function decode(text: unknown, encoding: 'base64' | 'base64url' = 'base64'): Buffer {
  const bytes = Buffer.from(typeof text === 'string' ? text : '', encoding)
  return bytes.toString(encoding) === text ? bytes : refuse(`something is not in canonical ${encoding}`)
}

/** signed-note, "Verifier keys". @throws Unusable where it is not an Ed25519 key of such a type, or has the id of another */
export function parseKey(vkey: string, type: 'log' | 'witness'): Key {
  const [, name = '', id = '', encoded] = VKEY.exec(vkey) ?? refuse(`not a verifier key: ${vkey}`)
  const [bytes, kind, length] = [decode(encoded), ...(type === 'log' ? ([0x01, 64] as const) : ([0x04, 72] as const))]
  const isOwnId = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), bytes])).startsWith(id)
  if (bytes.length !== 33 || bytes[0] !== kind || !isOwnId) refuse(`not the Ed25519 key of a ${type}: ${vkey}`)
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url', 1) }, format: 'jwk' })
  const verifies = (text: string, signature: Buffer) => {
    if (signature.length !== length) return false
    // tlog-cosignature, "Ed25519 signed message": a witness' signature stands behind its time.
    const message = type === 'log' ? text : `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n${text}`
    return verify(null, Buffer.from(message), key, signature.subarray(-64))
  }
  return { name, id, material: bytes.toString('hex'), verifies }
}

/** @throws Unusable */
export function parseCheckpoint(bytes: Buffer): Checkpoint {
  const note = bytes.length <= MAX_NOTE && isUtf8(bytes) ? bytes.toString() : ''
  const [, text = '', origin = '', size, root, lines = ''] = NOTE.exec(note) ?? refuse('not a signed note of a checkpoint')
  const signatures = lines
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [, name = '', encoded] = line.split(' ')
      const signature = decode(encoded)
      if (signature.length < 5) refuse('a note has a line that is no signature')
      return { name, id: signature.toString('hex', 0, 4), bytes: signature.subarray(4) }
    })
  return { origin, size: Number(size), root: decode(root).toString('latin1'), text, signatures }
}
