import { type Checkpoint, type Key, parseKey } from './note.ts'
import { fail, refuse } from './verdict.ts'

const MAX_POLICY = 65_536
/** tlog-policy: its kinds of lines, with single spaces. Octets beyond ASCII belong to names, so that \s will not do. */
const LINE =
  /^(?:#.*|log (?<log>[^ ]+)(?: [^ ]+)?|witness (?<witness>[^ ]+) (?<vkey>[^ ]+)(?: [^ ]+)?|group (?<group>[^ ]+) (?<how>all|any|[1-9]\d{0,4}) (?<members>.+)|quorum (?<quorum>[^ ]+))?$/

/** Whom the auditor trusts: never part of what is verified. Witnesses by the names that the policy gives them; whether such are enough. */
export type Trust = { logs: readonly Key[]; witnesses: ReadonlyMap<string, Key>; enough: (cosigned: readonly string[]) => boolean }

/** Trust in keys of logs alone. @throws Unusable */
export function trustKeys(vkeys: readonly string[]): Trust {
  return { logs: vkeys.map((vkey) => parseKey(vkey, 'log')), witnesses: new Map(), enough: () => true }
}

/** @throws Unusable, which names the line */
export function parsePolicy(bytes: Buffer): Trust {
  const [logs, witnesses, quorums]: [Key[], Map<string, Key>, string[]] = [[], new Map(), []]
  // A group of none needs nobody; a witness is a group that only its own signature fills.
  const groups = new Map([['none', { least: 0, members: [] as readonly string[] }]])
  const grouped = new Set(['none'])
  const define = (name: string, least: number, members: readonly string[]) =>
    !groups.has(name) && groups.set(name, { least, members }) === groups
  // The file is octets; the names of keys are UTF-8, as in notes.
  const key = (vkey: string, type: 'log' | 'witness') => parseKey(Buffer.from(vkey, 'latin1').toString(), type)
  const read = ({ log, witness, vkey = '', group, how, members = '', quorum }: Record<string, string | undefined>): boolean => {
    if (log) logs.push(key(log, 'log'))
    if (witness) witnesses.set(witness, key(vkey, 'witness'))
    if (quorum) quorums.push(quorum)
    const names = members.split(' ')
    const least = how === 'any' ? 1 : how === 'all' ? names.length : Number(how)
    const areNew = () => names.every((name) => groups.has(name) && !grouped.has(name) && grouped.add(name))
    if (group) return least <= names.length && areNew() && define(group, least, names)
    return witness ? define(witness, 1, []) : quorum === undefined || groups.has(quorum)
  }
  if (bytes.length > MAX_POLICY) refuse(`a policy is longer than ${MAX_POLICY} bytes`)
  for (const [at, line] of bytes.toString('latin1').split('\n').entries()) {
    const says = LINE.exec(line.replace(/[ \t]+/g, ' ').replace(/^ | $/g, ''))
    if (!says || /[^\t\x20-\x7e\x80-\xff]/.test(line) || !read({ ...says.groups }))
      refuse(`line ${at + 1} of the policy is not as it must be`)
  }
  const isTwice = [logs, [...witnesses.values()]].some((keys) => new Set(keys.map(({ material }) => material)).size < keys.length)
  const [quorum = ''] = quorums
  if (quorums.length !== 1 || isTwice) refuse('a policy has one quorum, and each key once')
  const enough = (cosigned: readonly string[]) => {
    const reached = new Set(cosigned)
    // A group refers only to names before it.
    for (const [name, { least, members }] of groups) if (members.filter((member) => reached.has(member)).length >= least) reached.add(name)
    return reached.has(quorum)
  }
  return { logs, witnesses, enough }
}

/** That the log signed it. @throws Failure where no trusted key of that origin did, or a signature of such a key is wrong */
export function checkSignature(checkpoint: Checkpoint, { logs }: Trust): string {
  const { origin, size } = checkpoint
  const signers = logs.filter((key) => key.name === origin && hasSigned(key, checkpoint))
  if (signers.length === 0) fail(`no trusted key signed for ${origin}`)
  return `${origin}, ${size} entries, signed by key ${signers.map(({ id }) => id).join(' and ')}`
}

/** That enough witnesses saw one of these. @throws Failure where they did not, or the cosignature of a known one is wrong */
export function checkWitnesses(checkpoints: readonly Checkpoint[], { witnesses, enough }: Trust): string {
  const seen = checkpoints.map((each) => [...witnesses].flatMap(([name, key]) => (hasSigned(key, each) ? [name] : [])))
  const says = seen.map((names, at) => `${checkpoints[at]?.size} entries by ${names.join(', ') || 'none'}`)
  const found = says[seen.findIndex(enough)] ?? fail(`${says.join('; ')}: not enough for the policy`)
  return enough([]) ? `${found}; the policy asks for none` : found
}

/** signed-note, "Signatures": those of unknown keys are ignored, that of a known one must be right. @throws Failure */
export function hasSigned(key: Key, { text, signatures }: Checkpoint): boolean {
  const own = signatures.filter(({ name, id }) => name === key.name && id === key.id)
  if (!own.every(({ bytes }) => key.verifies(text, bytes))) fail(`a signature of ${key.name} is wrong`)
  return own.length > 0
}
