import { createHmac, randomBytes } from 'node:crypto'
import type { Sealer } from '../operations/index.ts'
import { TrailError } from './errors.ts'
import type { KeyStore, SealedKey } from './key-store.ts'
import { OpenPayloadKey } from './payload-key.ts'
import { KEY_BYTES, newKeyId, openKey, sealKey } from './sealed-key.ts'

/** Session keys made beforehand, in one transaction, so that opening a session waits for no disk. */
const POOL = 128
/** Keys kept open for reading and for subjects. */
const KEPT_OPEN = 1024

/** The trail's keys, but for those that sign: random, sealed under the master key in the key store, and durable there before anything is sealed under them. */
export class KeyRing {
  readonly #store: KeyStore
  readonly #master: Sealer
  readonly #pseudonym: Buffer
  readonly #open = new Map<string, OpenPayloadKey>()
  readonly #subjects = new Map<string, string>()
  #pool: OpenPayloadKey[] = []
  #refilling: NodeJS.Immediate | undefined

  /** @throws where a sealed key does not open under this master key */
  constructor(store: KeyStore, master: Sealer) {
    this.#store = store
    this.#master = master
    this.#pseudonym = this.only('pseudonym')
    this.#refillAhead()
  }

  /** The one key of a purpose; made at first use. Its bytes. */
  only(purpose: 'batch-mac' | 'pseudonym' | 'index'): Buffer {
    const stored = this.#store.findByLabel(purpose, '')
    if (stored) return openKey(this.#master, stored)
    const bytes = randomBytes(KEY_BYTES)
    this.#store.insert([this.#sealed(purpose, newKeyId(), '', bytes)])
    return bytes
  }

  sessionKey(): OpenPayloadKey {
    if (this.#pool.length === 0) this.#refill()
    else if (this.#pool.length < POOL / 4) this.#refilling ??= setImmediate(() => this.#refillAhead())
    return this.#pool.pop()!
  }

  subjectKey(pseudonym: string): OpenPayloadKey {
    const known = this.#subjects.get(pseudonym)
    const open = known === undefined ? undefined : this.find(known)
    if (open) return open
    const stored = this.#store.findByLabel('subject', pseudonym)
    const key = stored ? this.#unseal(stored) : this.#make('subject', pseudonym)
    if (this.#subjects.size >= KEPT_OPEN) this.#subjects.clear()
    this.#subjects.set(pseudonym, key.id)
    return this.#keep(key)
  }

  subjectKeyId(pseudonym: string): string | undefined {
    return this.#store.findByLabel('subject', pseudonym)?.id
  }

  /** The length before the issuer makes the two unambiguous. 128 bits of it are enough for a name. */
  pseudonymOf(issuer: string, subject: string): string {
    const mac = createHmac('sha256', this.#pseudonym)
      .update(`${Buffer.byteLength(issuer)}:${issuer}|${subject}`)
      .digest()
    return mac.toString('base64url', 0, 16)
  }

  /** @returns undefined where the key has been destroyed */
  find(id: string): OpenPayloadKey | undefined {
    const open = this.#open.get(id)
    if (open) return open
    const stored = this.#store.find(id)
    return stored && this.#keep(this.#unseal(stored))
  }

  /** Destroys keys: what they sealed can never be read again. Durable when it returns. */
  destroy(ids: readonly string[]): void {
    const gone = new Set(ids)
    for (const id of ids) this.#open.delete(id)
    for (const [pseudonym, id] of this.#subjects) if (gone.has(id)) this.#subjects.delete(pseudonym)
    this.#pool = this.#pool.filter(({ id }) => !gone.has(id))
    this.#store.destroy(ids)
  }

  close(): void {
    if (this.#refilling) clearImmediate(this.#refilling)
    this.#pool = []
    this.#open.clear()
  }

  #keep(key: OpenPayloadKey): OpenPayloadKey {
    if (this.#open.size >= KEPT_OPEN) this.#open.clear()
    this.#open.set(key.id, key)
    return key
  }

  /** Where it fails there are still keys, and whoever finds none tries again and is told. */
  #refillAhead(): void {
    this.#refilling = undefined
    try {
      this.#refill()
    } catch {
      // Told by the next sessionKey() that finds the pool empty.
    }
  }

  #refill(): void {
    const fresh: OpenPayloadKey[] = []
    const rows: SealedKey[] = []
    for (let made = this.#pool.length; made < POOL; made++) {
      const id = newKeyId()
      const bytes = randomBytes(KEY_BYTES)
      rows.push(this.#sealed('session', id, id, bytes))
      fresh.push(new OpenPayloadKey(id, bytes))
    }
    this.#store.insert(rows)
    this.#pool = fresh.concat(this.#pool)
  }

  #make(purpose: SealedKey['purpose'], label: string): OpenPayloadKey {
    const id = newKeyId()
    const bytes = randomBytes(KEY_BYTES)
    this.#store.insert([this.#sealed(purpose, id, label, bytes)])
    return new OpenPayloadKey(id, bytes)
  }

  #sealed(purpose: SealedKey['purpose'], id: string, label: string, bytes: Uint8Array): SealedKey {
    return sealKey(this.#master, { id, purpose, label }, bytes)
  }

  #unseal(stored: SealedKey): OpenPayloadKey {
    return new OpenPayloadKey(stored.id, openKey(this.#master, stored))
  }
}

/**
 * Without a durable key there is nothing to seal under; in practice the disk is full.
 * @throws TrailError GS_TRAIL_FULL
 */
export function storedKey<Key>(make: () => Key): Key {
  try {
    return make()
  } catch (cause) {
    throw new TrailError('GS_TRAIL_FULL', 'A key for payloads could not be stored.', { cause })
  }
}
