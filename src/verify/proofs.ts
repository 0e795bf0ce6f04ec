import { type Fields, fieldsOf, isCount, isText, listOf, parseFields } from './json.ts'
import { type Checkpoint, decode, parseCheckpoint } from './note.ts'
import { isCommitted } from './payloads.ts'
import { checkSignature, checkWitnesses, type Trust } from './policy.ts'
import { leafHash, rootOfProof } from './tree.ts'
import { fail, type Report, refuse, type Verdict } from './verdict.ts'

const MAX_LOGS = 1000
/** c2sp.org/tlog-proof, "Format". */
const PROOF = /^c2sp\.org\/tlog-proof@v1\n(?:extra ([\w+/=]*)\n)?index (0|[1-9]\d{0,14})\n((?:[\w+/]{43}=\n){0,63})\n/

/** An entry, and the hashes that lead from it to a root. */
type Leaf = { readonly index: number; readonly bytes: Buffer; readonly proof: readonly Buffer[] }
/** That entries are in a log, and what must hold besides. */
type Claim = { checkpoint: Checkpoint; leaves: readonly Leaf[]; besides?: readonly [verdict: Verdict, work: () => string] }

/** Checks signature, inclusion and witnesses of each, and what it claims besides. */
export function checkClaims(claims: readonly Claim[], trust: Trust, report: Report): void {
  for (const { checkpoint, leaves, besides } of claims) {
    const isSigned = report.check('signature', () => checkSignature(checkpoint, trust))
    const include = () => {
      const isIn = ({ index, bytes, proof }: Leaf) => rootOfProof(leafHash(bytes), index, checkpoint.size, proof) === checkpoint.root
      for (const leaf of leaves) if (!isIn(leaf)) fail(`entry ${leaf.index} is not in the tree`, leaf.index)
      return `entries ${leaves.map(({ index }) => index).join(' and ')} of ${checkpoint.origin}`
    }
    const isIncluded = report.check('inclusion', include, isSigned)
    report.check('witnessed', () => checkWitnesses([checkpoint], trust), isSigned)
    if (besides) report.check(...besides, isIncluded)
  }
}

/** A `.tlog-proof` of an entry. @throws Unusable */
export function readProof(file: Buffer, bytes: Buffer): Claim {
  const [head, extra = '', index, hashes = ''] = PROOF.exec(file.toString('latin1')) ?? refuse('not a tlog-proof')
  decode(extra)
  const proof = hashes.split('\n').slice(0, -1)
  return { checkpoint: parseCheckpoint(file.subarray(head.length)), leaves: [leafOf({ index: Number(index), proof }, bytes)] }
}

/** A receipt or a disclosure. @throws Unusable */
export function readClaims(file: Fields): readonly Claim[] {
  const { gatescribe, version, run } = file
  const logs = listOf(file.logs)
  if (version === 1 && gatescribe === 'trail-disclosure') return [readDisclosure(file)]
  const isReceipt = version === 1 && gatescribe === 'run-receipt' && logs.length > 0 && logs.length <= MAX_LOGS
  return isReceipt && isText(run)
    ? logs.map((log) => readRun(run, fieldsOf(log)))
    : refuse('neither a receipt nor a disclosure, of version 1')
}

/** What `trail disclose` writes: one entry with its proof and payloads. */
function readDisclosure({ entry, payloads, proof }: Fields): Claim {
  const claim = readProof(bytesOf(proof), bytesOf(fieldsOf(entry).bytes))
  const [{ index, bytes } = refuse('')] = claim.leaves
  if (fieldsOf(entry).index !== index) refuse('a disclosure has the proof of another entry')
  const disclose = () => {
    const isRight = listOf(payloads).every((payload) => isCommitted(parseFields(bytes), payload))
    return isRight
      ? `${listOf(payloads).length} are what entry ${index} commits to`
      : fail(`entry ${index} does not commit to a payload of it`, index)
  }
  return { ...claim, besides: ['payload', disclose] }
}

/** What CI keeps of a run: that its `run.start` and `run.end` are in each log that it touched. */
function readRun(run: string, log: Fields): Claim {
  const [checkpoint, start, end] = [parseCheckpoint(bytesOf(log.checkpoint)), leafOf(log.start), leafOf(log.end)]
  if (log.origin !== checkpoint.origin) refuse('a receipt has the checkpoint of another log')
  const compare = () => {
    const [begin, over] = [parseFields(start.bytes), parseFields(end.bytes)]
    const { first, last, decisions, state } = over
    const isRun = begin.run === run && over.run === run && begin.kind === 'run.start' && over.kind === 'run.end'
    const isWhole = first === start.index && isCount(last) && first <= last && last < end.index
    if (!isRun || !isWhole) fail(`entries ${start.index} and ${end.index} are not the start and the end of ${run}`, start.index)
    return `${run}: entries ${first} to ${last}, ${JSON.stringify(decisions)}, state ${state}`
  }
  return { checkpoint, leaves: [start, end], besides: ['semantic', compare] }
}

function leafOf(leaf: unknown, bytes = bytesOf(fieldsOf(leaf).bytes)): Leaf {
  const { index, proof } = fieldsOf(leaf)
  const hashes = listOf(proof).map((hash) => decode(hash))
  return isCount(index) && hashes.every(({ length }) => length === 32) ? { index, bytes, proof: hashes } : refuse('something is no proof')
}

const bytesOf = (text: unknown): Buffer => (isText(text) ? Buffer.from(text) : refuse('a text is missing'))
