import { isUtf8 } from 'node:buffer'
import { fromDecimal } from './decimal.ts'
import { TlogError } from './errors.ts'
import { type NoteVerifier, parseVkey, publicKeyOf } from './vkey.ts'

/** Whom somebody believes: logs, witnesses, and how many of them it takes (c2sp.org/tlog-policy). */
export interface TrustPolicy {
  readonly logs: readonly NoteVerifier[]
  /** By the name that the policy gives them, which is not that of their key. */
  readonly witnesses: ReadonlyMap<string, NoteVerifier>
  /** @param cosigned names of witnesses as in `witnesses` whose cosignature was verified. Whether that is a quorum */
  satisfied(cosigned: ReadonlySet<string>): boolean
}

interface Group {
  readonly threshold: number
  readonly members: readonly string[]
}

/** What is read so far. */
interface Draft {
  readonly logs: NoteVerifier[]
  readonly witnesses: Map<string, NoteVerifier>
  /** In the order of their definition: a group names only what stands above it. */
  readonly groups: Map<string, Group>
  /** Names that are a member of a group already; each can be one once, so that nobody counts twice. */
  readonly members: Set<string>
  quorum?: string
}

const NONE = 'none'
const MAX_BYTES = 256 << 10
const MAX_LINES = 4096
// biome-ignore lint/suspicious/noControlCharactersInRegex: which octets a policy may hold is what this says
const UNFIT = /[\u0000-\u0008\u000b-\u001f\u007f]/

/**
 * @param bytes at most 256 KiB and 4,096 lines
 * @throws TlogError GS_TLOG_POLICY, with the number of the line
 */
export function parsePolicy(bytes: Uint8Array): TrustPolicy {
  if (bytes.length > MAX_BYTES) throw new TlogError('GS_TLOG_POLICY', 'The policy is larger than 256 KiB.')
  // Names are octets. One reading for the whole file keeps different names different, and UTF-8 legible.
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding).split('\n')
  // A file that was cut can end in a name that begins another one, or in `none`.
  if (lines.pop() !== '') throw new TlogError('GS_TLOG_POLICY', 'The policy does not end with a newline: it may have been cut.')
  if (lines.length > MAX_LINES) throw new TlogError('GS_TLOG_POLICY', 'The policy has more than 4,096 lines.')
  const draft: Draft = { logs: [], witnesses: new Map(), groups: new Map(), members: new Set() }
  for (const [at, line] of lines.entries()) {
    try {
      if (UNFIT.test(line)) throw new Malformed('it holds a control character')
      const [keyword, ...rest] = line.split(/[ \t]+/).filter((item) => item !== '')
      if (keyword === undefined || keyword.startsWith('#')) continue
      const define = definitions.get(keyword)
      if (define === undefined) throw new Malformed('it begins with none of log, witness, group, quorum')
      define(draft, rest)
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof TlogError)) throw error
      throw new TlogError('GS_TLOG_POLICY', `Line ${at + 1} of the policy: ${error.message}`, { cause: error })
    }
  }
  const { logs, witnesses, groups, quorum } = draft
  if (quorum === undefined) throw new TlogError('GS_TLOG_POLICY', 'The policy has no quorum line.')
  return { logs, witnesses, satisfied: (cosigned) => quorum === NONE || holds(quorum, { witnesses, groups }, cosigned) }
}

class Malformed extends Error {}

const definitions: ReadonlyMap<string | undefined, (draft: Draft, items: readonly string[]) => void> = new Map([
  ['log', defineLog],
  ['witness', defineWitness],
  ['group', defineGroup],
  ['quorum', defineQuorum],
])

function defineLog(draft: Draft, [vkey, ...rest]: readonly string[]): void {
  if (vkey === undefined || rest.length > 1) throw new Malformed('a log is written as log <vkey> [<url>]')
  draft.logs.push(newKey(vkey, 'ed25519', draft.logs))
}

function defineWitness(draft: Draft, [name, vkey, ...rest]: readonly string[]): void {
  if (name === undefined || vkey === undefined || rest.length > 1)
    throw new Malformed('a witness is written as witness <name> <vkey> [<url>]')
  mustBeNew(draft, name)
  draft.witnesses.set(name, newKey(vkey, 'cosignature', [...draft.witnesses.values()]))
}

function defineGroup(draft: Draft, [name, count, ...members]: readonly string[]): void {
  if (name === undefined || count === undefined || members.length === 0)
    throw new Malformed('a group is written as group <name> all|any|<k> <name>...')
  mustBeNew(draft, name)
  for (const member of members) {
    mustBeDefined(draft, member)
    if (draft.members.has(member)) throw new Malformed('a name is a member of a group twice')
    draft.members.add(member)
  }
  draft.groups.set(name, { threshold: thresholdOf(count, members.length), members })
}

function defineQuorum(draft: Draft, [name, ...rest]: readonly string[]): void {
  if (name === undefined || rest.length > 0) throw new Malformed('a quorum is written as quorum <name>')
  if (draft.quorum !== undefined) throw new Malformed('there is a quorum already')
  if (name !== NONE) mustBeDefined(draft, name)
  draft.quorum = name
}

function thresholdOf(count: string, members: number): number {
  if (count === 'any') return 1
  if (count === 'all') return members
  const threshold = fromDecimal(count)
  if (threshold === undefined || threshold < 1 || threshold > members)
    throw new Malformed('a group needs at least one of its members and at most all of them')
  return threshold
}

/** @throws TlogError GS_TLOG_KEY. @throws Malformed */
function newKey(vkey: string, kind: NoteVerifier['kind'], others: readonly NoteVerifier[]): NoteVerifier {
  const verifier = parseVkey(vkey)
  if (verifier.kind !== kind) throw new Malformed(`the key ${verifier.name} is not of the type for what the line defines`)
  if (others.some((other) => publicKeyOf(other) === publicKeyOf(verifier)))
    throw new Malformed(`the key of ${verifier.name} stands in the policy already`)
  return verifier
}

function mustBeNew({ witnesses, groups }: Draft, name: string): void {
  if (name === NONE || witnesses.has(name) || groups.has(name)) throw new Malformed('the name it defines is taken')
}

function mustBeDefined({ witnesses, groups }: Draft, name: string): void {
  if (!witnesses.has(name) && !groups.has(name)) throw new Malformed('it uses a name that no line above defines')
}

/** From the first group to the last, so that no depth of groups in groups costs a stack. */
function holds(quorum: string, { witnesses, groups }: Pick<Draft, 'witnesses' | 'groups'>, cosigned: ReadonlySet<string>): boolean {
  const held = new Set([...witnesses.keys()].filter((name) => cosigned.has(name)))
  for (const [name, { threshold, members }] of groups) if (members.filter((member) => held.has(member)).length >= threshold) held.add(name)
  return held.has(quorum)
}
