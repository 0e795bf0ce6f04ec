import { hkdfSync, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { Sealer } from '../operations/index.ts'
import { AesGcmSealer } from './aes-gcm-sealer.ts'
import { CredentialsError } from './errors.ts'
import type { Reference } from './reference.ts'
import type { References } from './references.ts'

/** The key that everything at rest is sealed under. Its bytes never leave this object; each purpose gets a key derived from it. */
export class MasterKey {
  readonly #bytes: Uint8Array
  /** Names the key without telling anything of it: 16 hexadecimal digits. */
  readonly id: string

  /** @param text 32 bytes as base64, base64url or hex. @throws CredentialsError GS_MASTER_KEY_INVALID */
  constructor(text: string) {
    this.#bytes = decode(text)
    this.id = Buffer.from(this.#derive('key id', 8)).toString('hex')
  }

  /**
   * A sealer for one purpose, such as `secrets` or `trail`: what one seals, another cannot open.
   * AES-256-GCM with random nonces: at most 2^32 sealings per purpose and master key (NIST SP 800-38D §8.3).
   */
  sealer(purpose: string): Sealer {
    return new AesGcmSealer(this.#derive(`seal ${purpose}`, 32), this.id)
  }

  /** The same sealer for another thread of this process, as values that can be sent there; `portedSealer` makes it. */
  portable(purpose: string): PortableSealer {
    return { key: this.#derive(`seal ${purpose}`, 32), id: this.id }
  }

  /** RFC 5869; the input is uniformly random, so it needs no salt. */
  #derive(info: string, length: number): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#bytes, '', `gatescribe master key ${info} v1`, length))
  }
}

/** A sealer on its way to another thread. It never leaves the process. */
export interface PortableSealer {
  readonly key: Uint8Array
  /** Of the master key. */
  readonly id: string
}

export function portedSealer({ key, id }: PortableSealer): Sealer {
  return new AesGcmSealer(key, id)
}

/** @throws CredentialsError where the reference leads to nothing, or to something that is no key */
export async function loadMasterKey(reference: Reference, references: Pick<References, 'secret'>): Promise<MasterKey> {
  const { secret } = await references.secret(reference).catch((error: unknown) => {
    if (!(error instanceof CredentialsError) || error.code !== 'GS_SECRET_UNREADABLE') throw error
    throw new CredentialsError('GS_MASTER_KEY_MISSING', error.message)
  })
  return new MasterKey(secret.reveal())
}

/**
 * Makes a new master key in a file that did not exist, readable by its owner only. The gateway never does this by itself:
 * a key made silently is a key that nobody keeps a copy of.
 *
 * @throws the file system's error, such as EEXIST
 */
export async function createMasterKey(path: string): Promise<MasterKey> {
  const text = randomBytes(32).toString('base64')
  await writeFile(path, `${text}\n`, { flag: 'wx', mode: 0o600, flush: true })
  return new MasterKey(text)
}

function decode(text: string): Uint8Array {
  const bare = text.trim()
  let bytes = Buffer.alloc(0)
  if (/^[0-9a-fA-F]{64}$/.test(bare)) bytes = Buffer.from(bare, 'hex')
  else if (/^[A-Za-z0-9+/_-]{43}=?$/.test(bare)) bytes = Buffer.from(bare, 'base64')
  if (bytes.length !== 32) throw new CredentialsError('GS_MASTER_KEY_INVALID')
  // What a forgotten placeholder decodes to.
  if (bytes.every((byte) => byte === bytes[0]))
    throw new CredentialsError('GS_MASTER_KEY_INVALID', 'The master key is one byte repeated, not random.')
  return bytes
}
