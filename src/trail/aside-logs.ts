import { existsSync, globSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseTilePath, TILE_WIDTH } from '../tlog/index.ts'
import { readBundle } from './bundle.ts'
import { eraseInSegment, SoughtKeys } from './erasure-in-segment.ts'
import type { KeptPayloads, PayloadStore } from './payload-store.ts'
import { storedEntry } from './stored-entry.ts'
import type { Aged, StoredEntry } from './trail.ts'

const PAYLOADS = 'payloads.sqlite'
/** Keys whose payloads are removed together. */
const REMOVED_AT_ONCE = 128
const ENTRY_BEGINS = Buffer.from('{"at":"')
const OPENS_SESSION = Buffer.from('"kind":"session.open"')

/** Leaves no byte of what these keys sealed in any log that was set aside. Durable when it resolves. */
export type EraseAside = (keys: readonly string[]) => Promise<void>

/**
 * Logs of this instance that were set aside, in `trail.<n>`: nothing is written to them any more, and perhaps they are not sound. What is erased
 * must be gone from there too.
 */
export class AsideLogs {
  readonly #folder: string
  readonly #open: (folder: string, log: string) => PayloadStore
  readonly #elsewhere: EraseAside | undefined

  /**
   * @param folder `gateway.data`
   * @param open opens the payload store of one of its logs
   * @param elsewhere does what `erase` does in another thread
   */
  constructor(folder: string, open: (folder: string, log: string) => PayloadStore, elsewhere?: EraseAside) {
    this.#folder = folder
    this.#open = open
    this.#elsewhere = elsewhere
  }

  /** Names of their folders, the oldest first. */
  names(): readonly string[] {
    const numbers = readdirSync(this.#folder).flatMap((name) => Number(/^trail\.(\d{1,9})$/.exec(name)?.[1] ?? []))
    return numbers.sort((a, b) => a - b).map((number) => `trail.${number}`)
  }

  /**
   * What entries there say, as far as they can be read. Nobody vouches for them. Of what was not published, only where sessions begin.
   * Their payloads are not looked for.
   * @param before only of logs that were written last before this moment, ms since the epoch, and still have payloads
   */
  async *entries(before?: number): AsyncGenerator<StoredEntry> {
    for (const name of this.names()) {
      if (before !== undefined && (this.#lastWritten(name) >= before || !this.#mayHavePayloads(name))) continue
      yield* this.#published(name)
      for (const file of this.#segments(name)) yield* sessionsIn(await readFile(file))
    }
  }

  /** Leaves no byte of what these keys sealed, neither in payload stores nor in segments. */
  async erase(keys: readonly string[]): Promise<void> {
    const names = this.names()
    if (names.length > 0 && this.#elsewhere) return this.#elsewhere(keys)
    const sought = new SoughtKeys(keys)
    for (const name of names) {
      // In portions, because a step looks at each of its keys.
      for (let at = 0; at < keys.length; at += REMOVED_AT_ONCE) {
        const portion = keys.slice(at, at + REMOVED_AT_ONCE)
        await this.#step(name, (payloads) => payloads.remove(portion))
      }
      for (const file of this.#segments(name)) await eraseInSegment(file, sought)
    }
  }

  /** Removes payloads, and entries, of logs that are too old as a whole; their hashes stay. Repeated, it goes on where it was interrupted. */
  async prune({ entries, payloads }: Aged, kept: KeptPayloads): Promise<void> {
    // An entry has another index in another log: there, everything under its key is kept.
    const keys = [...kept.keys, ...kept.entries.map(({ key }) => key)]
    for (const name of this.names()) {
      const last = this.#lastWritten(name)
      if (payloads !== undefined && last < payloads) {
        for (const file of this.#segments(name)) rmSync(file, { force: true })
        if (keys.length > 0) await this.#step(name, (store) => store.prune(Number.MAX_SAFE_INTEGER, { keys, entries: [] }))
        else for (const end of ['', '-wal', '-shm']) rmSync(join(this.#folder, name, `${PAYLOADS}${end}`), { force: true })
      }
      if (entries !== undefined && last < entries) rmSync(join(this.#folder, name, 'log/tile/entries'), { recursive: true, force: true })
    }
  }

  /** ms since the epoch; what was put into the folder later counts too. */
  #lastWritten(name: string): number {
    const files = ['state', 'log/checkpoint', ...globSync('*.wal', { cwd: join(this.#folder, name) })]
    return Math.max(0, ...files.map((file) => statSync(join(this.#folder, name, file), { throwIfNoEntry: false })?.mtimeMs ?? 0))
  }

  #mayHavePayloads(name: string): boolean {
    return existsSync(join(this.#folder, name, PAYLOADS)) || this.#segments(name).length > 0
  }

  /** @param take a step of what is done with a payload store; says whether it was the last */
  async #step(name: string, take: (payloads: PayloadStore) => boolean): Promise<void> {
    if (!existsSync(join(this.#folder, name, PAYLOADS))) return
    const payloads = this.#open(this.#folder, name)
    try {
      while (!take(payloads)) await nextTurn()
    } finally {
      payloads.close()
    }
  }

  async *#published(name: string): AsyncGenerator<StoredEntry> {
    const folder = join(this.#folder, name, 'log')
    const bundles = globSync('tile/entries/**', { cwd: folder }).flatMap((path) => {
      const id = parseTilePath(path)
      return id ? [{ path, n: id.n, width: id.width }] : []
    })
    let done = -1
    for (const { path, n, width } of bundles.sort((a, b) => a.n - b.n || b.width - a.width)) {
      if (n === done) continue
      let entries: readonly Buffer[]
      try {
        entries = readBundle(readFileSync(join(folder, path)), width)
      } catch {
        // Damaged, which may be why this log was set aside.
        continue
      }
      done = n
      for (const [at, entry] of entries.entries()) yield unvouched(n * TILE_WIDTH + at, entry)
      await nextTurn()
    }
  }

  #segments(name: string): readonly string[] {
    return globSync('*.wal', { cwd: join(this.#folder, name) }).map((file) => join(this.#folder, name, file))
  }
}

function unvouched(index: number, entry: Buffer): StoredEntry {
  return storedEntry({ index, entry, payloads: () => [] }, '', { find: () => undefined })
}

/** A record of a segment is length, entry, payloads (docs/trail.md). Whether its batch is whole does not matter here. */
function* sessionsIn(bytes: Buffer): Generator<StoredEntry> {
  for (let at = bytes.indexOf(OPENS_SESSION); at !== -1; at = bytes.indexOf(OPENS_SESSION, at + 1)) {
    const start = bytes.lastIndexOf(ENTRY_BEGINS, at)
    if (start < 2) continue
    const entry = bytes.subarray(start, start + bytes.readUInt16BE(start - 2))
    try {
      JSON.parse(entry.toString())
    } catch {
      continue
    }
    // Where it would stand in the log is not known.
    yield unvouched(Number.MAX_SAFE_INTEGER, entry)
  }
}
