import { checkPayload } from './holding.ts'
import { type Fields, field, isCount, isText, list, parseFields } from './json.ts'
import { type Checkpoint, decode, parseCheckpoint, textOf } from './note.ts'
import { checkSignature, checkWitnesses, type Trust } from './policy.ts'
import { rootOfProof } from './tree.ts'
import { Failure, type Report, Unusable } from './verdict.ts'

const MAX_PROOF = 131_072
const MAX_ENTRY = 65_535
const MAX_LOGS = 1000
/** c2sp.org/tlog-proof, "Format". */
const PROOF = /^c2sp\.org\/tlog-proof@v1\n(?:extra ([A-Za-z0-9+/=]*)\n)?index (0|[1-9]\d{0,14})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n/

/** An entry, and the hashes that lead from it to a root. */
interface Leaf {
  readonly index: number
  readonly bytes: Buffer
  readonly proof: readonly Buffer[]
}

/** A `.tlog-proof` of an entry. @throws Unusable */
export function checkProof(file: Buffer, bytes: Buffer, trust: Trust, report: Report): void {
  const { index, proof, checkpoint } = parseProof(file)
  checkLeaves(checkpoint, [{ index, bytes, proof }], trust, report)
}

/** What `trail disclose` writes: one entry with its proof and payloads. @throws Unusable */
export function checkDisclosure(file: Fields, trust: Trust, report: Report): void {
  const payloads = list(field(file, 'payloads'))
  const { index, proof, checkpoint } = parseProof(textIn(file, 'proof'))
  const bytes = textIn(field(file, 'entry'), 'bytes')
  if (field(field(file, 'entry'), 'index') !== index) throw new Unusable('a disclosure has the proof of another entry')
  if (!checkLeaves(checkpoint, [{ index, bytes, proof }], trust, report)) report.skip('payload')
  else
    report.check('payload', () => {
      for (const payload of payloads) checkPayload(index, parseFields(bytes), payload)
      return `${payloads.length} are what entry ${index} commits to`
    })
}

/** What CI keeps of a run: that its `run.start` and `run.end` are in each log that it touched. @throws Unusable */
export function checkReceipt(file: Fields, trust: Trust, report: Report): void {
  const [run, logs] = [field(file, 'run'), list(field(file, 'logs'))]
  if (!isText(run) || logs.length === 0 || logs.length > MAX_LOGS) throw new Unusable('a receipt of no run, or of no log')
  for (const log of logs) {
    const checkpoint = parseCheckpoint(textIn(log, 'checkpoint'))
    const [start, end] = [parseLeaf(field(log, 'start')), parseLeaf(field(log, 'end'))]
    if (field(log, 'origin') !== checkpoint.origin) throw new Unusable('a receipt has the checkpoint of another log')
    if (!checkLeaves(checkpoint, [start, end], trust, report)) report.skip('semantic')
    else report.check('semantic', () => checkRun(run, start, end))
  }
}

function checkRun(run: string, start: Leaf, end: Leaf): string {
  const [begin, over] = [parseFields(start.bytes), parseFields(end.bytes)]
  const [first, last] = [field(over, 'first'), field(over, 'last')]
  const isRun = [begin, over].every((entry) => field(entry, 'run') === run)
  const isWhole = field(begin, 'kind') === 'run.start' && field(over, 'kind') === 'run.end' && first === start.index
  if (isRun && isWhole && isCount(last) && start.index <= last && last < end.index) {
    return `${run}: entries ${first} to ${last}, ${JSON.stringify(field(over, 'decisions'))}, state ${field(over, 'state')}`
  }
  throw new Failure('semantic', `entries ${start.index} and ${end.index} are not the start and the end of ${run}`, start.index)
}

/** Signature, inclusion and witnesses. @returns whether the entries are in the log */
function checkLeaves(checkpoint: Checkpoint, leaves: readonly Leaf[], trust: Trust, report: Report): boolean {
  if (!report.check('signature', () => checkSignature(checkpoint, trust))) {
    report.skip('inclusion', 'witnessed')
    return false
  }
  report.check('witnessed', () => checkWitnesses(checkpoint, trust))
  return report.check('inclusion', () => {
    for (const { index, bytes, proof } of leaves) {
      const isIn = bytes.length <= MAX_ENTRY && rootOfProof(bytes, index, checkpoint.size, proof) === checkpoint.root
      if (!isIn) throw new Failure('inclusion', `entry ${index} is not in the tree`, index)
    }
    return `entries ${leaves.map(({ index }) => index).join(' and ')} of ${checkpoint.origin}`
  })
}

function parseProof(file: Buffer): Omit<Leaf, 'bytes'> & { readonly checkpoint: Checkpoint } {
  const text = textOf(file, MAX_PROOF)
  const [head = '', extra = '', index, hashes = ''] = PROOF.exec(text) ?? []
  if (index === undefined) throw new Unusable('not a tlog-proof')
  decode(extra)
  const proof = hashes.split('\n').slice(0, -1)
  return {
    index: Number(index),
    proof: proof.map((hash) => decode(hash)),
    checkpoint: parseCheckpoint(Buffer.from(text.slice(head.length))),
  }
}

function parseLeaf(leaf: unknown): Leaf {
  const [index, proof] = [field(leaf, 'index'), list(field(leaf, 'proof')).map((hash) => decode(hash))]
  if (!isCount(index) || proof.length > 63 || proof.some(({ length }) => length !== 32)) throw new Unusable('something is no proof')
  return { index, bytes: textIn(leaf, 'bytes'), proof }
}

function textIn(value: unknown, name: string): Buffer {
  const text = field(value, name)
  if (!isText(text)) throw new Unusable(`${name} is missing, or is no text`)
  return Buffer.from(text)
}
