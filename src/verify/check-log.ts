import { Held, type Holding } from './holding.ts'
import { parseFields } from './json.ts'
import { type Checkpoint, parseCheckpoint } from './note.ts'
import { checkSignature, checkWitnesses, type Trust } from './policy.ts'
import { Semantics } from './semantics.ts'
import { leafHash, Tree } from './tree.ts'
import { attempt, Failure, type Report, Unusable } from './verdict.ts'

/** As stored. */
export type Entry = readonly [index: number, bytes: Buffer]

/** A log folder or a bundle. */
export interface Source {
  readonly checkpoint: Buffer
  /** An earlier checkpoint, with more cosignatures. */
  readonly witnessed?: Buffer | undefined
  /** A file of the log by its path in tlog-tiles; undefined where there is none. */
  readonly read: (path: string) => Buffer | undefined
  /** @throws Unusable where it says that it is of another checkpoint */
  holding(checkpoint: Checkpoint): Holding
  /** In order. @throws Failure, Unusable */
  entries(tree: Tree): Iterable<Entry>
  /** Names of what the checkpoint does not cover, asked once all else has been read. @throws Failure, Unusable */
  uncovered(tree: Tree): Iterable<string>
}

/**
 * @param kept a checkpoint that the auditor kept from before
 * @param seen called now and then with the number of entries checked so far
 * @throws Unusable
 */
export function checkLog(
  source: Source,
  trust: Trust,
  kept: Checkpoint | undefined,
  report: Report,
  seen: (entries: number) => void,
): void {
  const checkpoint = parseCheckpoint(source.checkpoint)
  const { origin, size, root } = checkpoint
  if (!report.check('signature', () => checkSignature(checkpoint, trust))) {
    report.skip(...(kept ? (['append-only'] as const) : []), 'inclusion', 'complete', 'witnessed', 'semantic')
    return
  }
  const [tree, holding] = [new Tree(size, source.read), source.holding(checkpoint)]
  const [held, semantics] = [new Held(holding), new Semantics(holding.extent)]
  const included = report.check('inclusion', () => {
    if (tree.root() !== root) throw new Failure('inclusion', 'the tiles at the end of the tree do not lead to the signed root')
    for (const [index, bytes] of source.entries(tree)) {
      checkEntry(tree, index, bytes)
      const entry = parseFields(bytes) ?? {}
      held.see(index, entry)
      semantics.see(index, entry)
      if (held.count % 256 === 0) seen(held.count)
    }
    let uncovered = 0
    for (const name of source.uncovered(tree)) if (uncovered++ === 0) report.note(`not covered by the checkpoint: ${name}`)
    if (uncovered > 1) report.note(`not covered by the checkpoint: ${uncovered - 1} more files`)
    return `${held.count} entries are in the tree`
  })
  const grown = (earlier: Checkpoint): string => {
    const before = `the checkpoint of ${earlier.size} entries`
    if (earlier.origin !== origin) throw new Unusable(`${before} is of ${earlier.origin}, not of ${origin}`)
    if (earlier.size > size) throw new Failure('append-only', `rolled back: ${before} is newer than this one of ${size}`)
    const missing = attempt(() => void tree.root(earlier.size))
    if (missing) throw new Failure('append-only', `cannot be compared with ${before}: ${missing.message}`)
    if (tree.root(earlier.size) !== earlier.root) throw new Failure('append-only', `another history than that of ${before}`)
    return `it has grown from ${before}`
  }
  if (kept && (included || kept.size > size)) report.check('append-only', () => grown(kept))
  else if (kept) report.skip('append-only')
  report.check('witnessed', () => {
    const earlier = source.witnessed && parseCheckpoint(source.witnessed)
    // The log signed it, so that it must be of the same history whoever else did.
    const isOwn = earlier && !attempt(() => void checkSignature(earlier, trust))
    if (isOwn && (included || earlier.size > size)) grown(earlier)
    if (!earlier || !attempt(() => void checkWitnesses(checkpoint, trust))) return checkWitnesses(checkpoint, trust)
    checkSignature(earlier, trust)
    return `${checkWitnesses(earlier, trust)}: the first ${earlier.size} entries, not yet the ${size - earlier.size} after them`
  })
  if (!included) {
    report.skip('complete', 'semantic')
    return
  }
  report.check('complete', () => held.complete())
  report.check('semantic', () => semantics.complete())
  if (holding.payloads) report.check('payload', () => held.payloads())
}

/** @throws Failure where it is not the entry that the tree has there */
export function checkEntry(tree: Tree, index: number, bytes: Buffer): void {
  if (index >= tree.size) throw new Failure('inclusion', `entry ${index} is not covered by the checkpoint`, index)
  if (leafHash(bytes) !== tree.hashAt(0, index)) throw new Failure('inclusion', `entry ${index} is not the one in the tree`, index)
}
