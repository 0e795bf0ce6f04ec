import { hash } from 'node:crypto'
import { type Checkpoint, checkSignature, checkWitnesses, decode, hasSigned, type Trust } from './policy.ts'
import { leafHash, type Tree } from './tree.ts'
import { type Fields, fail, fieldsOf, isText, parseFields, type Report, refuse, type Verdict } from './verdict.ts'

/** As stored; the proof of one that is alone. */
export type Entry = readonly [index: number, bytes: Buffer, ...proof: readonly (readonly Buffer[])[]]
export type Seen = readonly [index: number, entry: Fields]
/** Is given entries in their order, and none when there are no more: then it returns what they come to. @throws Failure, Unusable */
export type Check = Generator<undefined, string, Seen | undefined>
export type Checks = { readonly [verdict in Verdict]?: Check }
/** A log folder, bundle or proof. `witnessed` is an earlier checkpoint with more cosignatures, `checks` what must hold beside the tree. */
export type Source = { checkpoint: Checkpoint; witnessed?: Checkpoint | undefined; tree: Tree; entries: Iterable<Entry>; checks: Checks }
/** `kept` is a checkpoint from before, `entry` that of a .tlog-proof; `tell` is told now and then how many entries have been checked. */
export type Terms = { trust: Trust; kept?: Checkpoint | undefined; entry?: Buffer | undefined; tell?: (entries: number) => void }

/** @throws Unusable */
export function checkLog({ checkpoint, witnessed, tree, entries, checks }: Source, { trust, kept, tell }: Terms, report: Report): void {
  const [own, verdicts, running] = [[checkpoint], Object.keys(checks) as Verdict[], Object.values(checks)]
  const isSigned = report.check('signature', true, () => {
    const says = checkSignature(checkpoint, trust)
    // What the log itself signed must be of the same history, whoever else signed it.
    if (witnessed && trust.logs.some((key) => key.name === checkpoint.origin && hasSigned(key, witnessed))) own.push(witnessed)
    return says
  })
  const isIncluded = report.check('inclusion', isSigned, () => {
    if (tree.root() !== checkpoint.root) fail('the tiles at the end of the tree do not lead to the signed root')
    for (const check of running) check.next()
    let count = 0
    for (const [index, bytes] of entries) {
      checkEntry(tree, index, bytes)
      const seen = [index, parseFields(bytes)] as const
      for (const check of running) check.next(seen)
      if (++count % 500_000 === 0) tell?.(count)
    }
    return `${count} entries are in the tree`
  })
  const earlier = kept ? [kept, ...own.slice(1)] : own.slice(1)
  const grow = () => {
    for (const { origin, size, root } of earlier) {
      if (origin !== checkpoint.origin) refuse(`a checkpoint to compare with is of ${origin}, not of ${checkpoint.origin}`)
      if (size > tree.size) fail(`rolled back: the checkpoint of ${size} entries is newer than this one of ${tree.size}`)
      if (tree.root(size) !== root) fail(`another history than that of the checkpoint of ${size} entries`)
    }
    return `it has grown from the checkpoint of ${earlier.map(({ size }) => size).join(' and that of ')} entries`
  }
  if (earlier.length > 0) report.check('append-only', isSigned && (isIncluded || earlier.some(({ size }) => size > tree.size)), grow)
  report.check('witnessed', isSigned, () => checkWitnesses(own, trust))
  for (const verdict of verdicts) report.check(verdict, isIncluded, () => checks[verdict]?.next().value ?? '')
}

/** @throws Failure where it is not the entry that the tree has there */
export function checkEntry(tree: Tree, index: number, bytes: Buffer): void {
  if (index >= tree.size) fail(`entry ${index} is not covered by the checkpoint`, index)
  if (!tree.has(index, leafHash(bytes))) fail(`entry ${index} is not the one in the tree`, index)
}

/**
 * That what should be here is here, and nothing else.
 * @param from the first index; undefined where that is whatever was not pruned
 * @param end the index behind the last; undefined where entries need not follow each other
 * @param has whether an entry is one of those that should be here
 */
export function* checkComplete(from?: number, end?: number, count?: number, has = (_: Fields) => true): Check {
  let [next, held, first, bad]: [number | undefined, number, number?, (readonly [says: string, index: number])?] = [from, 0]
  for (let seen = yield; seen; seen = yield) {
    const [index, due] = [seen[0], next ?? seen[0]]
    if (index < due || (end !== undefined && index > due)) bad ??= [`entry ${index} stands where ${due} belongs`, Math.min(index, due)]
    if (!has(seen[1])) bad ??= [`entry ${index} is not of those that the bundle says it holds`, index]
    first ??= index
    ;[next, held] = [index + 1, held + 1]
  }
  if (bad) fail(...bad)
  if (end !== undefined && (next ?? 0) !== end) fail(`entries ${next ?? 0} to ${end - 1} are missing`, next ?? 0)
  if (count !== undefined && count !== held) fail(`${count} entries should be here, and ${held} are`)
  if (end === undefined) return `${held} entries, scattered over the log`
  return `entries ${first ?? 0} to ${end - 1} without a hole${from === undefined && first ? `; pruned below entry ${first}` : ''}`
}

/** That payloads are what their entries commit to, by SHA-256(salt ‖ content). Both come in the same order. */
export function* checkPayloads(payloads: Iterator<Fields>): Check {
  const read = (): Fields | undefined => payloads.next().value
  let [matched, erased, payload, bad]: [number, number, Fields?, number?] = [0, 0]
  for (let seen = yield; seen; seen = yield) {
    for (payload ??= read(); payload?.entry === seen[0]; payload = read()) {
      if (payload.erased === true) erased++
      else if (isCommitted(seen[1], payload)) matched++
      else bad ??= seen[0]
    }
  }
  if (bad !== undefined) fail(`entry ${bad} does not commit to a payload of it`, bad)
  if (payload ?? read()) fail('payloads are out of order, or of an entry that is not here')
  return `${matched} are what their entries commit to; ${erased} are erased`
}

/** @throws Unusable where salt or content is not well encoded */
function isCommitted({ payloads }: Fields, { name, salt, content }: Fields): boolean {
  const [salted, bytes] = [decode(salt, 'base64url'), decode(content)]
  return salted.length === 32 && isText(name) && hash('sha256', Buffer.concat([salted, bytes]), 'base64url') === fieldsOf(payloads)[name]
}
