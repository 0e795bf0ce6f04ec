import { checkComplete } from './complete.ts'
import { type Fields, parseFields } from './json.ts'
import type { Checkpoint } from './note.ts'
import { checkPayloads } from './payloads.ts'
import { checkSignature, checkWitnesses, hasSigned, type Trust } from './policy.ts'
import { checkSemantics, type Extent } from './semantics.ts'
import { leafHash, openTree, type Tree } from './tree.ts'
import { fail, type Report, refuse } from './verdict.ts'

/** As stored. */
export type Entry = readonly [index: number, bytes: Buffer]

/** A log folder or a bundle, and what it says it holds. */
export interface Source {
  readonly checkpoint: Checkpoint
  /** An earlier checkpoint, with more cosignatures. */
  readonly witnessed?: Checkpoint | undefined
  /** A file of the log by its path in tlog-tiles; undefined where there is none. */
  readonly read: (path: string) => Buffer | undefined
  /** In order. @throws Failure, Unusable */
  readonly entries: (tree: Tree) => Iterable<Entry>
  readonly extent: Extent
  /** How many entries, where it says so. */
  readonly count?: number
  /** First index and the one behind the last, where there is no hole between. A first one of `undefined` is whatever was not pruned. */
  readonly range?: readonly [first: number | undefined, end: number] | undefined
  /** Whether an entry is one of those it should hold. */
  readonly has?: (entry: Fields) => boolean
  /** Lines of disclosed payloads, in the order of their entries. */
  readonly payloads?: Iterator<Buffer> | undefined
}

/** `kept` is a checkpoint from before; `seen` is told now and then how many entries have been checked. */
export type Terms = { trust: Trust; kept?: Checkpoint | undefined; seen?: ((entries: number) => void) | undefined }

/** @throws Unusable */
export function checkLog(source: Source, { trust, kept, seen }: Terms, report: Report): void {
  const { checkpoint, witnessed, extent, payloads } = source
  const tree = openTree(checkpoint.size, source.read)
  const [complete, semantic, payload] = [checkComplete(source), checkSemantics(extent), payloads && checkPayloads(payloads)]
  const own = [checkpoint]
  const sign = () => {
    const says = checkSignature(checkpoint, trust)
    // What the log itself signed must be of the same history, whoever else signed it.
    if (witnessed && trust.logs.some((key) => key.name === checkpoint.origin && hasSigned(key, witnessed))) own.push(witnessed)
    return says
  }
  const isSigned = report.check('signature', sign)
  const include = () => {
    if (tree.root() !== checkpoint.root) fail('the tiles at the end of the tree do not lead to the signed root')
    let count = 0
    for (const [index, bytes] of source.entries(tree)) {
      checkEntry(tree, index, bytes)
      const entry = parseFields(bytes)
      for (const reader of [complete, semantic, payload]) reader?.see(index, entry)
      if (++count % 256 === 0) seen?.(count)
    }
    return `${count} entries are in the tree`
  }
  const isIncluded = report.check('inclusion', include, isSigned)
  const earlier = [...(kept ? [kept] : []), ...own.slice(1)]
  const isComparable = isIncluded || earlier.some(({ size }) => size > tree.size)
  if (earlier.length > 0) report.check('append-only', () => checkGrowth(tree, checkpoint, earlier), isSigned && isComparable)
  report.check('witnessed', () => checkWitnesses(own, trust), isSigned)
  report.check('complete', complete.end, isIncluded)
  report.check('semantic', semantic.end, isIncluded)
  if (payload) report.check('payload', payload.end, isIncluded)
}

/** @throws Failure where it is not the entry that the tree has there */
export function checkEntry(tree: Tree, index: number, bytes: Buffer): void {
  if (index >= tree.size) fail(`entry ${index} is not covered by the checkpoint`, index)
  if (leafHash(bytes) !== tree.hashAt(0, index)) fail(`entry ${index} is not the one in the tree`, index)
}

/** @throws Failure; Unusable where one is of another log */
function checkGrowth(tree: Tree, checkpoint: Checkpoint, earlier: readonly Checkpoint[]): string {
  for (const { origin, size, root } of earlier) {
    const before = `the checkpoint of ${size} entries`
    if (origin !== checkpoint.origin) refuse(`${before} is of ${origin}, not of ${checkpoint.origin}`)
    if (size > tree.size) fail(`rolled back: ${before} is newer than this one of ${tree.size}`)
    if (tree.root(size) !== root) fail(`another history than that of ${before}`)
  }
  return `it has grown from the checkpoint of ${earlier.map(({ size }) => size).join(' and that of ')} entries`
}
