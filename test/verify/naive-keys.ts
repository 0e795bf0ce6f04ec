import { createHash, generateKeyPairSync, sign } from 'node:crypto'

/** Keys of logs and witnesses, and the notes that they sign: signed-note and tlog-cosignature, by nobody's code but this file's. */

export interface NaiveKey {
  readonly name: string
  readonly vkey: string
  /** The signature line over a text. */
  line(text: string): string
}

export function logKey(name: string): NaiveKey {
  return key(name, 1, (text) => Buffer.from(text))
}

/** @param time of its cosignatures, seconds since the epoch */
export function witnessKey(name: string, time = 1_790_000_000): NaiveKey {
  const stamp = Buffer.alloc(8)
  stamp.writeBigUInt64BE(BigInt(time))
  return key(name, 4, (text) => Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), stamp)
}

function key(name: string, type: number, message: (text: string) => Buffer, before: Buffer = Buffer.alloc(0)): NaiveKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const material = Buffer.concat([Buffer.of(type), publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)])
  const id = createHash('sha256').update(`${name}\n`).update(material).digest().subarray(0, 4)
  return {
    name,
    vkey: `${name}+${id.toString('hex')}+${material.toString('base64')}`,
    line: (text) => `— ${name} ${Buffer.concat([id, before, sign(null, message(text), privateKey)]).toString('base64')}\n`,
  }
}

export function checkpointText(origin: string, size: number, root: Buffer): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

export function note(text: string, keys: readonly NaiveKey[]): string {
  return `${text}\n${keys.map((each) => each.line(text)).join('')}`
}
