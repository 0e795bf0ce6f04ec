import { join } from 'node:path'
import { type Check, type Checks, checkComplete, checkPayloads, type Entry, type Seen, type Source } from './check-log.ts'
import { type Region, readArchive, readFile, readLines, readRegion } from './input.ts'
import { type Checkpoint, decode, parseCheckpoint } from './policy.ts'
import { checkSemantics, type Whole } from './semantics.ts'
import { openTree, rootOfProof, WIDTH } from './tree.ts'
import { type Fields, fail, fieldsOf, isCount, isText, listOf, parseFields, refuse } from './verdict.ts'

const MEMBER = /^(bundle\.json|checkpoint|tile\/.+|entries|payloads)$/
/** c2sp.org/tlog-proof, "Format". */
const PROOF = /^c2sp\.org\/tlog-proof@v1\n(?:extra ([\w+/=]*)\n)?index (0|[1-9]\d{0,14})\n((?:[\w+/]{43}=\n){0,63})\n/

/** A folder as tlog-tiles lays it out, also of a log that goes on meanwhile. @throws Unusable */
export function openFolder(folder: string): Source {
  const read = (path: string) => readFile(join(folder, path))
  // In this order, so that the checkpoint is not older than what the witnesses saw.
  const witnessed = read('witnessed')
  const checkpoint = parseCheckpoint(read('checkpoint') ?? refuse(`${folder} has no checkpoint`))
  const tree = openTree(checkpoint.size, read)
  const checks = { complete: checkComplete(undefined, checkpoint.size), semantic: checkSemantics('all') }
  return { checkpoint, witnessed: witnessed && parseCheckpoint(witnessed), tree, entries: entriesIn(tree), checks }
}

/** All that were not pruned. Every hash tile is checked on the way, also where the entries are gone. */
function* entriesIn({ size, tile, file }: ReturnType<typeof openTree>): Generator<Entry> {
  for (let n = 0; n * WIDTH < size; n++) {
    tile(0, n)
    const { bytes, has } = file('entries', n)
    if (bytes) yield* entriesOf(bytes, n * WIDTH, has, size)
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

/** What `gatescribe trail export` writes: docs/verify.md, "A bundle". @throws Unusable */
function openBundle(archive: Region): Source {
  const members = readArchive(archive, MEMBER)
  const read = (name: string) => (members.has(name) ? readRegion(members.get(name) as Region) : undefined)
  const [note, says, lines, payloads] = [read('checkpoint'), read('bundle.json'), members.get('entries'), members.get('payloads')]
  if (!note || !says || !lines) return refuse('a bundle lacks bundle.json, checkpoint or entries')
  const checkpoint = parseCheckpoint(note)
  const { gatescribe, version, origin, size, scope, entries: count, range } = parseFields(says)
  const isOwn = gatescribe === 'trail-bundle' && version === 1 && origin === checkpoint.origin && size === checkpoint.size
  const [from, end] = listOf(range).filter(isCount)
  if (!isOwn || !isCount(count) || (range !== null && end === undefined)) return refuse('bundle.json is not that of this bundle')
  const [whole, has] = parseScope(fieldsOf(scope), range)
  const payload = payloads && { payload: checkPayloads(readLines(payloads, parseFields)) }
  const checks = { complete: checkComplete(from, end, count, has), semantic: checkSemantics(whole), ...payload }
  return { checkpoint, tree: openTree(checkpoint.size, read), entries: readLines(lines, entryOf), checks }
}

/** @returns of what nothing is left out, and whether an entry is of what there should be. @throws Unusable */
function parseScope({ run, session, from, to, range: own }: Fields, range: unknown): readonly [Whole, (entry: Fields) => boolean] {
  // Its sessions say once, when they open, that they are of the run. What stands in between is not here.
  if (isText(run)) return ['run', (entry) => entry.run === run || (entry.run === undefined && isText(entry.session))]
  if (isText(session)) return ['session', (entry) => entry.session === session]
  const [whole, begin, end] = [range === null ? 'none' : 'all', timeOf(from), timeOf(to)] as const
  if (begin <= end) return [whole, ({ at }) => begin <= timeOf(at) && timeOf(at) <= end]
  return range !== null && JSON.stringify(own) === JSON.stringify(range) ? ['all', () => true] : refuse('a bundle has a scope that is none')
}

const timeOf = (at: unknown) => (isText(at) ? Date.parse(at) : Number.NaN)

/** A line of index, space and entry. @throws Unusable */
export function entryOf(line: Buffer): Entry {
  const [index = ''] = /^(0|[1-9]\d{0,14})(?= )/.exec(line.toString('latin1', 0, 16)) ?? refuse('an entry of a bundle has no index')
  return [Number(index), line.subarray(index.length + 1)]
}

/** Entries of a tree of which nothing is known but their proofs. */
function sourceOf(checkpoint: Checkpoint, entries: readonly Entry[], checks: Checks): Source {
  const { size, root } = checkpoint
  const has = (index: number, hash: string) =>
    entries.some(([at, , proof = []]) => at === index && rootOfProof(hash, at, size, proof) === root)
  return { checkpoint, tree: { size, root: () => root, has }, entries, checks }
}

/** A `.tlog-proof`, if that is its entry, or else a bundle. @throws Unusable */
export const openFile = (file: Region, entry?: Buffer) => (entry ? readProof(readRegion(file), entry) : openBundle(file))

/** A `.tlog-proof` of an entry, which may be part of a disclosure. @throws Unusable */
function readProof(file: Buffer, bytes: Buffer, disclosed?: { index: unknown; payloads: unknown }): Source {
  const [head, extra = '', digits, hashes = ''] = PROOF.exec(file.toString('latin1')) ?? refuse('not a tlog-proof')
  decode(extra)
  const leaf = leafOf({ index: Number(digits), proof: hashes.match(/.+/g) }, bytes)
  if (disclosed && disclosed.index !== leaf[0]) refuse('a disclosure has the proof of another entry')
  const payloads = listOf(disclosed?.payloads).map((payload) => ({ ...fieldsOf(payload), entry: leaf[0] }))
  return sourceOf(parseCheckpoint(file.subarray(head.length)), [leaf], disclosed ? { payload: checkPayloads(payloads.values()) } : {})
}

/** What `trail disclose` writes, one entry with its proof and payloads; or a receipt. @throws Unusable */
export function readClaims({ gatescribe, version, run, logs, entry, payloads, proof }: Fields): readonly Source[] {
  const [kind, { index, bytes }] = [version === 1 && gatescribe, fieldsOf(entry)]
  if (kind === 'trail-disclosure') return [readProof(bytesOf(proof), bytesOf(bytes), { index, payloads })]
  const parts = kind === 'run-receipt' && isText(run) ? listOf(logs).map((log) => readRun(run, fieldsOf(log))) : []
  return parts.length > 0 ? parts : refuse('neither a receipt nor a disclosure, of version 1')
}

/** What CI keeps of a run in one log. @throws Unusable */
function readRun(run: string, log: Fields): Source {
  const checkpoint = parseCheckpoint(bytesOf(log.checkpoint))
  if (log.origin !== checkpoint.origin) refuse('a receipt has the checkpoint of another log')
  return sourceOf(checkpoint, [leafOf(log.start), leafOf(log.end)], { semantic: checkRun(run) })
}

/** That the two entries are where a run starts and ends. */
function* checkRun(run: string): Check {
  const [[start, begin], [over, { first, last, decisions, usage, state, ...end }]] = [yield, yield, yield] as unknown as [Seen, Seen]
  const isRun = begin.run === run && end.run === run && begin.kind === 'run.start' && end.kind === 'run.end'
  if (!isRun || first !== start || !isCount(last) || last < start || last >= over)
    fail(`entries ${start} and ${over} are not the start and the end of ${run}`, start)
  return `${run}: entries ${start} to ${last}, ${JSON.stringify({ decisions, usage, state })}`
}

function leafOf(leaf: unknown, bytes = bytesOf(fieldsOf(leaf).bytes)): Entry {
  const { index, proof } = fieldsOf(leaf)
  return [isCount(index) ? index : refuse('something is no proof'), bytes, listOf(proof).map((hash) => decode(hash))]
}

const bytesOf = (text: unknown): Buffer => (isText(text) ? Buffer.from(text) : refuse('a text is missing'))
