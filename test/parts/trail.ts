import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sealer } from '../../src/operations/index.ts'
import { type EmbeddedKeyStore, openKeyStore, openPayloadStore } from '../../src/store/index.ts'
import { openTrail, type Pruning, type StoredEntry, type Trail, type TrailOptions } from '../../src/trail/index.ts'

/** A sealer with a key of its own: the same cipher as the real one, without its key file. */
export function testSealer(key: Uint8Array = randomBytes(32)): Sealer {
  return {
    seal(plain, aad) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(aad))
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, aad) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(Buffer.from(aad))
      decipher.setAuthTag(sealed.subarray(-16))
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
    },
  }
}

/** Everything below an entry goes. */
export function everythingBelow(entries: number, payloads: number = entries): Pruning {
  return { entries, payloads, kept: { keys: [], entries: [] }, keys: [] }
}

/** A real trail in a folder of its own, which can be closed and opened again. Segments are 64 KiB unless told otherwise. */
export class TestTrail {
  readonly folder: string
  readonly sealer: Sealer
  readonly said: object[] = []
  store: EmbeddedKeyStore
  trail: Trail | undefined

  constructor(sealer: Sealer = testSealer(), folder: string = mkdtempSync(join(tmpdir(), 'gatescribe-trail-'))) {
    this.folder = folder
    this.sealer = sealer
    this.store = openKeyStore(this.folder)
  }

  async open(options: Partial<TrailOptions> = {}): Promise<Trail> {
    const say = (facts: object, message: string) => void this.said.push({ message, ...facts })
    this.trail = await openTrail({
      folder: this.folder,
      keys: this.store,
      masterKey: this.sealer,
      origin: 'test.example/trail',
      instance: 'one',
      log: { warn: say, error: say },
      payloads: openPayloadStore,
      segmentBytes: 64 * 1024,
      ...options,
    })
    return this.trail
  }

  async entries(options: { from?: number } = {}): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = []
    for await (const entry of (this.trail as Trail).read(options)) entries.push(entry)
    return entries
  }

  /** Names of the segments, in order. */
  segments(): string[] {
    return readdirSync(join(this.folder, 'trail'))
      .filter((name) => /\.(wal|part)$/.test(name))
      .sort()
  }

  /** Every byte in every file of the folder. */
  bytesOnDisk(): Buffer {
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))))
  }

  async close(): Promise<void> {
    await this.trail?.close()
    this.trail = undefined
  }

  async remove(): Promise<void> {
    await this.close()
    this.store.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
