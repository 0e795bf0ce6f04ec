import { join } from 'node:path'
import type { Entry, Source } from './check-log.ts'
import { readFile } from './files.ts'
import { parseCheckpoint } from './note.ts'
import { type Tree, WIDTH } from './tree.ts'
import { fail, refuse } from './verdict.ts'

/** A folder as tlog-tiles lays it out, also of a log that goes on meanwhile. @throws Unusable */
export function openLogFolder(folder: string): Source {
  const read = (path: string) => readFile(join(folder, path))
  // In this order, so that the checkpoint is not older than what the witnesses saw.
  const witnessed = read('witnessed')
  const checkpoint = parseCheckpoint(read('checkpoint') ?? refuse(`${folder} has no checkpoint`))
  const extent = { gapless: true, sessions: true, runs: true }
  return { checkpoint, witnessed: witnessed && parseCheckpoint(witnessed), read, entries, extent, range: [undefined, checkpoint.size] }
}

/** All that were not pruned. Every hash tile is checked on the way, also where the entries are gone. */
function* entries(tree: Tree): Generator<Entry> {
  for (let n = 0; n * WIDTH < tree.size; n++) {
    tree.tile(0, n)
    const { bytes, has } = tree.file('entries', n)
    if (bytes) yield* entriesOf(bytes, n * WIDTH, has, tree.size)
  }
}

/** tlog-tiles, "Log entries": as many as it should have, each behind its length; from `end` on they are not covered. @throws Failure */
export function* entriesOf(bytes: Buffer, first: number, count: number, end: number): Generator<Entry> {
  let at = 0
  for (let index = first; index < first + count; index++) {
    const next = at + 2 + (at + 2 <= bytes.length ? bytes.readUInt16BE(at) : 0)
    if (next > bytes.length) fail(`entry ${index} is cut off, or not in its bundle`, index)
    if (index < end) yield [index, bytes.subarray(at + 2, next)]
    at = next
  }
  if (at < bytes.length) fail(`a bundle goes on behind entry ${first + count - 1}`, first + count)
}
