import { existsSync, opendirSync } from 'node:fs'
import { join } from 'node:path'
import { checkEntry, type Entry, type Source } from './check-log.ts'
import { readFile } from './files.ts'
import { type Tree, tilePath, WIDTH } from './tree.ts'
import { Failure, Unusable } from './verdict.ts'

/** The largest file of a log, bytes: a bundle of 256 entries. */
export const MAX_FILE = WIDTH * (2 + 65_535)

/** A folder as tlog-tiles lays it out. @throws Unusable */
export function openLogFolder(folder: string): Source {
  const read = (path: string) => readFile(join(folder, path), MAX_FILE)
  const checkpoint = read('checkpoint')
  if (!checkpoint) throw new Unusable(`${folder} has no checkpoint`)
  return {
    ...{ checkpoint, witnessed: read('witnessed'), read, entries },
    holding: ({ size }) => ({ extent: { gapless: true, sessions: true, runs: true }, range: [undefined, size] }),
    uncovered: (tree) => uncovered(tree, folder, 'tile'),
  }
}

/** All that were not pruned. Every hash tile is checked on the way, also where the entries are gone. */
function* entries(tree: Tree): Generator<Entry> {
  for (let n = 0; n * WIDTH < tree.size; n++) {
    tree.tile(0, n)
    const file = tree.file('entries', n)
    if (file) yield* entriesOf(file, n * WIDTH, tree.size)
  }
}

/** tlog-tiles, "Log entries": each behind its length; what is beyond `end` is not covered. @throws Failure which names the entry */
export function* entriesOf(
  { width, bytes }: { readonly width: number; readonly bytes: Buffer },
  first: number,
  end: number,
): Generator<Entry> {
  let index = first
  for (let at = 0; at < bytes.length; index++) {
    const next = at + 2 + (at + 1 < bytes.length ? bytes.readUInt16BE(at) : 0)
    if (next > bytes.length) throw new Failure('inclusion', `entry ${index} is cut off`, index)
    if (index < end) yield [index, bytes.subarray(at + 2, next)]
    at = next
  }
  const over = index - first - width
  if (over < 0) throw new Failure('inclusion', `entry ${index} is missing from its bundle`, index)
  if (over > 0) throw new Failure('inclusion', `a bundle has ${over} entries too many, from ${first + width} on`, first + width)
}

/** Files beyond the tree. What is left of narrower tiles and bundles is checked: it was published. @throws Failure */
function* uncovered(tree: Tree, folder: string, under: string): Generator<string> {
  const open = existsSync(join(folder, under)) ? opendirSync(join(folder, under)) : undefined
  try {
    for (let file = open?.readSync(); file; file = open?.readSync()) {
      const path = `${under}/${file.name}`
      const [, name = '', digits = '', partial = WIDTH] = /^tile\/(entries|\d{1,2})\/([\dx/]{3,24})(?:\.p\/(\d{1,3}))?$/.exec(path) ?? []
      const level = name === 'entries' ? ('entries' as const) : Number(name)
      const [n, width] = [Number(digits.replace(/\D/g, '')), Number(partial)]
      const isTile = name !== '' && file.isFile() && width > 0 && tilePath(level, n, width) === path
      if (file.isDirectory() && path.length < 64) yield* uncovered(tree, folder, path)
      else if (!isTile || width > tree.width(level, n)) yield path
      else if (width < tree.width(level, n))
        checkNarrower(tree, level, n, { width, bytes: readFile(join(folder, path), MAX_FILE) ?? Buffer.alloc(0) })
    }
  } finally {
    open?.closeSync()
  }
}

function checkNarrower(tree: Tree, level: number | 'entries', n: number, file: { readonly width: number; readonly bytes: Buffer }): void {
  if (level === 'entries') for (const [index, bytes] of entriesOf(file, n * WIDTH, tree.size)) checkEntry(tree, index, bytes)
  else if (
    !tree
      .tile(level, n)
      .subarray(0, file.width * 32)
      .equals(file.bytes)
  ) {
    throw new Failure('inclusion', `${tilePath(level, n, file.width)} is not the beginning of what became of it`, n * WIDTH ** (level + 1))
  }
}
