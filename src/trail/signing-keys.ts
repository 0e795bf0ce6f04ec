import { randomBytes } from 'node:crypto'
import type { Sealer } from '../operations/index.ts'
import { ed25519Signer, type NoteVerifier, parseVkey } from '../tlog/index.ts'
import type { KeyStore, SealedKey } from './key-store.ts'
import { KEY_BYTES, newKeyId, openKey, sealKey } from './sealed-key.ts'
import type { LogKey } from './trail.ts'

/** Serial numbers sort as text. */
const SERIAL_DIGITS = 6
/** In the key store: which keys sign beside the newest, and which one is to be the next. */
const SIGNING = 'signing'
/** In the key store: the verifier keys of all keys that ever signed. */
const HISTORY = 'signing-history'

interface Signing {
  /** Keys before the newest that still sign. Times in ms since the epoch. */
  readonly overlaps: readonly { readonly label: string; readonly until: number }[]
  readonly next?: { readonly label: string; readonly until: number; readonly from: number }
}

/** The key that is made and does not sign yet. */
export interface NextKey {
  readonly vkey: string
  /** How long the one before it signs beside it; ms since the epoch. */
  readonly until: number
  /** The entry that tells of it has this index or a higher one, if it is in the log at all. */
  readonly from: number
}

interface Former {
  readonly vkey: string
  readonly since: number
  /** Null: it signs, and nothing is known of an end. */
  readonly until: number | null
}

/**
 * The keys that sign checkpoints: sealed under the master key in the key store, with the public history of those that did. A key that signs no
 * more is destroyed; whether a checkpoint was signed by it is known for good.
 */
export class SigningKeys {
  readonly #store: KeyStore
  readonly #master: Sealer

  constructor(store: KeyStore, master: Sealer) {
    this.#store = store
    this.#master = master
  }

  /**
   * Seeds of the keys that sign at this moment, the newest first; the first key is made at first use.
   * @param now ms since the epoch
   */
  seeds(now: number): readonly Buffer[] {
    return this.#signing(now).map((key) => openKey(this.#master, key))
  }

  /** A new log begins with a key of its own: those before it sign no more. */
  startOver(): void {
    const label = this.#nextLabel()
    this.#write({ overlaps: [] })
    this.#insert(label)
  }

  /**
   * Makes the next key; it signs from `takeNext` on.
   * @param until how long the one before it will sign beside it, ms since the epoch
   * @param from index that the entry that tells of it has at least
   */
  prepareNext(name: string, until: number, from: number): string {
    const label = this.#nextLabel()
    // First what it is for: a crash between the two leaves a name without a key, and no key that would be taken for the newest.
    this.#write({ overlaps: this.#read().overlaps, next: { label, until, from } })
    return ed25519Signer(name, this.#insert(label)).vkey
  }

  next(name: string): NextKey | undefined {
    const { next } = this.#read()
    const stored = next && this.#store.findByLabel('note', next.label)
    return stored && { vkey: this.#vkeyOf(stored, name), until: next.until, from: next.from }
  }

  /** The next key signs from now on. */
  takeNext(): void {
    const { overlaps, next } = this.#read()
    if (!next) return
    const before = this.#store
      .all('note')
      .filter(({ label }) => label < next.label)
      .at(-1)
    this.#write({ overlaps: before ? [...overlaps, { label: before.label, until: next.until }] : overlaps })
  }

  /** There will be no next key. */
  dropNext(): void {
    const { overlaps, next } = this.#read()
    if (!next) return
    const stored = this.#store.findByLabel('note', next.label)
    if (stored) this.#store.destroy([stored.id])
    this.#write({ overlaps })
  }

  /** When the next of the keys that sign beside the newest has to stop, ms since the epoch; undefined where none does. */
  nextEnd(): number | undefined {
    const { overlaps } = this.#read()
    return overlaps.length === 0 ? undefined : Math.min(...overlaps.map(({ until }) => until))
  }

  /** Destroys the keys that sign no more. Durable when it returns. */
  retire(now: number): void {
    const { overlaps, next } = this.#read()
    const kept = new Set([...this.#signing(now).map(({ label }) => label), ...(next ? [next.label] : [])])
    const over = this.#store.all('note').filter(({ label }) => !kept.has(label))
    if (over.length > 0) this.#store.destroy(over.map(({ id }) => id))
    const left = overlaps.filter(({ until }) => until > now)
    if (left.length < overlaps.length) this.#write({ overlaps: left, ...(next && { next }) })
  }

  /**
   * Puts the keys that sign now into the history, before they sign: it is what checkpoints are known by once a key is gone.
   * @param name of the log, and so of its keys
   */
  remember(name: string, now: number): void {
    const signing = this.#signing(now).map((key) => ({ vkey: this.#vkeyOf(key, name), until: this.#endOf(key) }))
    const known = this.#history()
    const next: Former[] = known.map((former) => {
      const still = signing.find(({ vkey }) => vkey === former.vkey)
      return { ...former, until: still ? still.until : Math.min(former.until ?? now, now) }
    })
    for (const { vkey, until } of signing.toReversed()) {
      if (!known.some((former) => former.vkey === vkey)) next.push({ vkey, since: now, until })
    }
    const text = JSON.stringify(next)
    if (text !== JSON.stringify(known)) this.#store.set(HISTORY, text)
  }

  /** All keys that signed, sign or will, also of logs before this one, the newest first. */
  all(name: string, now: number): readonly LogKey[] {
    const signing = new Set(this.#signing(now).map((key) => this.#vkeyOf(key, name)))
    const next = this.next(name)
    const remembered = this.#history().map(({ vkey, since, until }): LogKey => {
      return { vkey, state: signing.has(vkey) ? 'signs' : 'former', since, ...(until === null ? {} : { until }) }
    })
    return [...remembered, ...(next ? [{ vkey: next.vkey, state: 'next' } as const] : [])].reverse()
  }

  /** What checkpoints of the log of this name are verified with, whenever they were signed. */
  verifiers(name: string): readonly NoteVerifier[] {
    return this.#history()
      .map(({ vkey }) => parseVkey(vkey))
      .filter((verifier) => verifier.name === name)
  }

  /** The newest first. */
  #signing(now: number): readonly SealedKey[] {
    const { overlaps, next } = this.#read()
    const made = this.#store.all('note').filter(({ label }) => label !== next?.label)
    if (made.length === 0) {
      this.#insert(this.#nextLabel())
      return this.#signing(now)
    }
    const until = new Map(overlaps.map((overlap) => [overlap.label, overlap.until]))
    return made.filter(({ label }, at) => at === made.length - 1 || now < (until.get(label) ?? 0)).reverse()
  }

  #endOf({ label }: SealedKey): number | null {
    return this.#read().overlaps.find((overlap) => overlap.label === label)?.until ?? null
  }

  #vkeyOf(key: SealedKey, name: string): string {
    return ed25519Signer(name, openKey(this.#master, key)).vkey
  }

  #nextLabel(): string {
    return String(Number(this.#store.all('note').at(-1)?.label ?? 0) + 1).padStart(SERIAL_DIGITS, '0')
  }

  #insert(label: string): Buffer {
    const bytes = randomBytes(KEY_BYTES)
    this.#store.insert([sealKey(this.#master, { id: newKeyId(), purpose: 'note', label }, bytes)])
    return bytes
  }

  #read(): Signing {
    const text = this.#store.setting(SIGNING)
    return text === undefined ? { overlaps: [] } : (JSON.parse(text) as Signing)
  }

  #write(signing: Signing): void {
    this.#store.set(SIGNING, JSON.stringify(signing))
  }

  #history(): readonly Former[] {
    const text = this.#store.setting(HISTORY)
    return text === undefined ? [] : (JSON.parse(text) as Former[])
  }
}
