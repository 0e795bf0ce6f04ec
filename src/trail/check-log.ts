import { setImmediate } from 'node:timers/promises'
import {
  type BuiltTile,
  EMPTY_ROOT,
  leafHash,
  type NoteVerifier,
  parseCheckpoint,
  parseNote,
  TILE_WIDTH,
  type TileId,
  TlogError,
  TreeBuilder,
  tilePath,
  verifiedBy,
} from '../tlog/index.ts'
import { TrailError } from './errors.ts'
import type { PublishedLog } from './published-log.ts'
import type { CheckStep, Proven, StoredEntry } from './trail.ts'

/** Entries whose payloads are opened in one go: a few milliseconds at most. */
const OPENED_AT_ONCE = 16

export interface CheckLogOptions {
  readonly log: PublishedLog
  /** As far as the log goes when it is called. */
  readonly proven: () => Pick<Proven, 'size' | 'root' | 'minimum'>
  /** Resolves when no publication is under way that had begun; never rejects. */
  readonly settled: () => Promise<void>
  /** Of the log. */
  readonly name: string
  /** Of all keys that sign or signed. */
  readonly verifiers: readonly NoteVerifier[]
  /** An entry with what belongs to it; undefined where payloads are not to be opened. */
  readonly open?: ((index: number, bytes: Buffer) => StoredEntry) | undefined
  readonly signal: AbortSignal
}

/** What is found wrong; ends the check. */
class Bad extends Error {}

/**
 * Reads all of the published log: hashes every entry, builds the tree anew, compares every tile with it, and size and root with what the state says and
 * the checkpoints sign. It goes bundle by bundle and lets others go first in between, up to where the log goes when it begins; the log may grow and
 * be pruned meanwhile.
 */
export async function* checkLog(options: CheckLogOptions): AsyncGenerator<CheckStep> {
  const { log, proven, open, signal } = options
  const { size, root } = proven()
  const payloads = { opened: 0, erased: 0 }
  const found: { checkpoint?: number | undefined; witnessed?: number | undefined } = {}
  let bad: string | undefined
  try {
    const tree = new TreeBuilder()
    const edge = new Map<TileId['level'], BuiltTile>()
    for (let n = 0; n * TILE_WIDTH < size; n++) {
      signal.throwIfAborted()
      const entries = await bundleOf(options, n, size)
      for (const leaf of entries ? entries.map(leafHash) : await hashesOf(log, n, size)) tree.append(leaf)
      for (const tile of tree.take()) {
        const full = tile.id.width === TILE_WIDTH
        if (full) await compareTile(tile, log)
        // Of a tile that is not full, what it is in the end is what counts.
        if (full) edge.delete(tile.id.level)
        else edge.set(tile.id.level, tile)
      }
      if (open && entries) await openPayloads(entries, n * TILE_WIDTH, open, payloads)
      yield { done: tree.size, of: size }
      await setImmediate()
    }
    for (const tile of edge.values()) await compareTile(tile, log)
    if (!tree.root().equals(root)) throw new Bad('the tree has another root than the state says')
    found.checkpoint = await compareNote('checkpoint', await log.checkpoint(), options, size)
    found.witnessed = await compareNote('witnessed', await log.witnessed(), options, size)
  } catch (error) {
    if (!(error instanceof Bad || error instanceof TrailError)) throw error
    bad = error.message
  }
  const { checkpoint, witnessed } = found
  yield { report: { size, root, pruned: proven().minimum, checkpoint, witnessed, payloads: open && payloads, bad } }
}

/** @returns undefined where it is pruned. @throws TrailError GS_TRAIL_DAMAGED, which names the first bad entry */
async function bundleOf({ log, proven }: CheckLogOptions, n: number, size: number): Promise<readonly Buffer[] | undefined> {
  const pruned = () => n * TILE_WIDTH < proven().minimum
  if (pruned()) return undefined
  try {
    return await log.bundle(n, size)
  } catch (error) {
    // It may have been pruned while it was read.
    if (pruned()) return undefined
    throw error
  }
}

async function hashesOf(log: PublishedLog, n: number, size: number): Promise<readonly Buffer[]> {
  const width = Math.min(TILE_WIDTH, size - n * TILE_WIDTH)
  const tile = Buffer.from(await log.tile({ level: 0, n, width }))
  return Array.from({ length: width }, (_, at) => tile.subarray(at * 32, at * 32 + 32))
}

async function compareTile({ id, hashes }: BuiltTile, log: PublishedLog): Promise<void> {
  if (hashes.equals(await log.tile(id))) return
  const leaves = TILE_WIDTH ** (id.level as number)
  const first = id.n * TILE_WIDTH * leaves
  throw new Bad(`${tilePath(id)} does not match the entries ${first} to ${first + id.width * leaves - 1}`)
}

async function openPayloads(
  entries: readonly Buffer[],
  first: number,
  open: NonNullable<CheckLogOptions['open']>,
  counted: { opened: number; erased: number },
): Promise<void> {
  for (const [at, bytes] of entries.entries()) {
    if (at % OPENED_AT_ONCE === 0) await setImmediate()
    try {
      for (const { content } of open(first + at, bytes).payloads()) counted[content ? 'opened' : 'erased']++
    } catch (error) {
      // Also where what holds them is not what it was.
      throw new Bad(`entry ${first + at}: ${error instanceof TrailError ? error.message : 'its payloads cannot be read'}`)
    }
  }
}

/** The log may have grown since, so either may be the longer one. @returns how many entries it covers; undefined where there is none */
async function compareNote(
  what: 'checkpoint' | 'witnessed',
  text: string | undefined,
  { log, proven, settled, name, verifiers }: CheckLogOptions,
  size: number,
): Promise<number | undefined> {
  if (text === undefined) return undefined
  const signed = readNote(text, verifiers)
  if (signed?.origin !== name) throw new Bad(`the file trail/log/${what} is none that this log signed`)
  if (signed.size > proven().size) await settled()
  const now = proven().size
  if (signed.size > now) throw new Bad(`trail/log/${what} covers ${signed.size} entries, and there are ${now}`)
  const root = signed.size === 0 ? EMPTY_ROOT : await log.root(signed.size, Math.max(size, signed.size))
  if (!root.equals(signed.root)) throw new Bad(`trail/log/${what} signs another root for ${signed.size} entries`)
  return signed.size
}

function readNote(text: string, verifiers: readonly NoteVerifier[]) {
  try {
    const note = parseNote(text)
    return verifiedBy(note, verifiers).length > 0 ? parseCheckpoint(note.text) : undefined
  } catch (error) {
    if (error instanceof TlogError) return undefined
    throw error
  }
}
