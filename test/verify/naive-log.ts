import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NaiveEntries } from './naive-entries.ts'
import { checkpointText, logKey, type NaiveKey, note } from './naive-keys.ts'
import { NaiveTree } from './naive-tree.ts'

/** tlog-tiles: where a tile or bundle stands. */
export function naivePath(level: number | 'entries', n: number, width = 256): string {
  const thousands: string[] = []
  for (let rest = n; thousands.length === 0 || rest > 0; rest = Math.floor(rest / 1000))
    thousands.unshift(String(rest % 1000).padStart(3, '0'))
  const digits = thousands.map((three, at) => (at < thousands.length - 1 ? `x${three}` : three)).join('/')
  return `tile/${level}/${digits}${width === 256 ? '' : `.p/${width}`}`
}

/** Entries behind their lengths, as in a bundle of tlog-tiles. */
export function bundled(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(entries.flatMap((entry) => [Buffer.of(entry.byteLength >> 8, entry.byteLength & 255), entry]))
}

/** A log, its key, and every file of it, made the slow way. */
export class NaiveLog {
  readonly key: NaiveKey
  readonly entries: readonly Buffer[]
  readonly tree: NaiveTree

  constructor(entries: readonly Buffer[] | number, key: NaiveKey = logKey('example.org/prod/main')) {
    this.entries = typeof entries === 'number' ? NaiveEntries.of(entries).entries : entries
    this.key = key
    this.tree = new NaiveTree(this.entries)
  }

  get size(): number {
    return this.entries.length
  }

  checkpoint(size = this.size, cosigners: readonly NaiveKey[] = []): string {
    return note(checkpointText(this.key.name, size, this.tree.hash(0, size)), [this.key, ...cosigners])
  }

  /** Path → content of the folder at this size. */
  files(size = this.size): Map<string, Buffer> {
    const files = new Map<string, Buffer>([['checkpoint', Buffer.from(this.checkpoint(size))]])
    for (let level = 0; 256 ** level <= size; level++) {
      const count = Math.floor(size / 256 ** level)
      for (let n = 0; n * 256 < count; n++) files.set(naivePath(level, n, Math.min(256, count - n * 256)), this.tree.tile(level, n, size))
    }
    for (let n = 0; n * 256 < size; n++) {
      const end = Math.min(size, (n + 1) * 256)
      files.set(naivePath('entries', n, end - n * 256), bundled(this.entries.slice(n * 256, end)))
    }
    return files
  }

  /** Writes the folder. */
  write(folder: string, size = this.size): string {
    writeFiles(folder, this.files(size))
    return folder
  }

  /** The `.tlog-proof` of an entry. */
  proof(index: number, size = this.size, checkpoint = this.checkpoint(size)): string {
    const hashes = this.tree.proof(index, size).map((hash) => `${hash.toString('base64')}\n`)
    return `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes.join('')}\n${checkpoint}`
  }
}

export function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}
