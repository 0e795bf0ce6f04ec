import { isUtf8 } from 'node:buffer'
import { createPublicKey, hash, verify } from 'node:crypto'
import { fail, refuse } from './verdict.ts'

/**
 * signed-note, "Format", and tlog-checkpoint, "Note text". In the name of a key, no Unicode space (\s leaves out U+0085) and no plus; in its
 * signature, a key id of four bytes and something behind it.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note must not hold
const NOTE = /^(([^\0-\x1f]+)\n(0|[1-9]\d{0,14})\n([\w+/]{43}=)\n(?:[^\0-\x1f]+\n)*)\n((?:— [^\s+\u0085]+ [\w+/]{7}[\w+/=]+\n){1,64})$/u
const VKEY = /^([^\s+\u0085]+)\+([0-9a-f]{8})\+([\w+/=]+)$/u
/** tlog-policy: its kinds of lines, with single spaces. Octets beyond ASCII belong to names, so that \s will not do. */
const LINE =
  /^(?:#.*|log (?<log>[^ ]+)(?: [^ ]+)?|witness (?<witness>[^ ]+) (?<vkey>[^ ]+)(?: [^ ]+)?|group (?<group>[^ ]+) (?<how>all|any|[1-9]\d{0,4}) (?<members>.+)|quorum (?<quorum>[^ ]+))?$/

/** A signed checkpoint; its root is a binary string. Nothing in it means anything until a trusted key has signed it. */
export type Checkpoint = ReturnType<typeof parseCheckpoint>
/** A verifier key of a log or a witness, and whether a signature, without its key id, is its own over a text. */
type Key = ReturnType<typeof parseKey>
/** Whom the auditor trusts: never part of what is verified. Witnesses by the names that the policy gives them; whether such are enough. */
export type Trust = { logs: readonly Key[]; witnesses: ReadonlyMap<string, Key>; enough: (cosigned: readonly string[]) => boolean }

/** RFC 4648, one text per content. @throws Unusable */
export function decode(text: unknown, encoding: 'base64' | 'base64url' = 'base64'): Buffer {
  const bytes = Buffer.from(typeof text === 'string' ? text : '', encoding)
  return bytes.toString(encoding) === text ? bytes : refuse(`something is not in canonical ${encoding}`)
}

/** signed-note, "Verifier keys". @throws Unusable where it is not an Ed25519 key of such a type, or has the id of another */
export function parseKey(vkey: string, type: 'log' | 'witness') {
  const [, name = '', id = '', encoded] = VKEY.exec(vkey) ?? refuse(`not a verifier key: ${vkey}`)
  const [bytes, kind, length] = [decode(encoded), ...(type === 'log' ? ([0x01, 64] as const) : ([0x04, 72] as const))]
  const isOwnId = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), bytes])).startsWith(id)
  if (bytes.length !== 33 || bytes[0] !== kind || !isOwnId) refuse(`not the Ed25519 key of a ${type}: ${vkey}`)
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url', 1) }, format: 'jwk' })
  // tlog-cosignature, "Ed25519 signed message": a witness' signature stands behind its time.
  const stamp = (signature: Buffer) => (type === 'log' ? '' : `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n`)
  const verifies = (text: string, signature: Buffer) =>
    signature.length === length && verify(null, Buffer.from(stamp(signature) + text), key, signature.subarray(-64))
  return { name, id, material: bytes.toString('hex'), verifies }
}

/** @throws Unusable */
export function parseCheckpoint(bytes: Buffer) {
  const note = bytes.length <= 65_536 && isUtf8(bytes) ? bytes.toString() : ''
  const [, text = '', origin = '', size, root, lines = ''] = NOTE.exec(note) ?? refuse('not a signed note of a checkpoint')
  const signatures = [...lines.matchAll(/ (.+) (.+)/g)].map(([, name = '', encoded]) => {
    const signature = decode(encoded)
    return { name, id: signature.toString('hex', 0, 4), bytes: signature.subarray(4) }
  })
  return { origin, size: Number(size), root: decode(root).toString('latin1'), text, signatures }
}

/** Trust in keys of logs alone. @throws Unusable */
export const trustKeys = (vkeys: readonly string[]) => parsePolicy(Buffer.from(`quorum none\nlog ${vkeys.join('\nlog ')}`))

/** @throws Unusable, which names the line */
export function parsePolicy(bytes: Buffer): Trust {
  const [logs, witnesses, quorums]: [Key[], Map<string, Key>, string[]] = [[], new Map(), []]
  // A name is defined before it is used, and a member of one group at most.
  const [groups, grouped] = [new Map<string, Trust['enough']>([['none', () => true]]), new Set(['none'])]
  const define = (name: string, isReached: Trust['enough']) => !groups.has(name) && groups.set(name, isReached) === groups
  // The file is octets; the names of keys are UTF-8, as in notes.
  const key = (vkey: string, type: 'log' | 'witness') => parseKey(Buffer.from(vkey, 'latin1').toString(), type)
  const read = ({ log, witness, vkey = '', group, how, members = '', quorum }: Record<string, string | undefined>): boolean => {
    if (log) logs.push(key(log, 'log'))
    if (witness) witnesses.set(witness, key(vkey, 'witness'))
    if (witness) return define(witness, (cosigned) => cosigned.includes(witness))
    if (quorum) return quorums.push(quorum) === 1 && groups.has(quorum)
    const names = members.split(' ')
    const least = how === 'all' ? names.length : Number(how) || 1
    const areFree = names.every((each) => groups.has(each) && !grouped.has(each) && grouped.add(each))
    const isReached: Trust['enough'] = (cosigned) => names.filter((each) => groups.get(each)?.(cosigned)).length >= least
    return !group || (least <= names.length && areFree && define(group, isReached))
  }
  for (const [at, line] of bytes.toString('latin1').split('\n').entries()) {
    const says = LINE.exec(line.replace(/[ \t]+/g, ' ').replace(/^ | $/g, ''))
    if (!says || /[^\t\x20-\x7e\x80-\xff]/.test(line) || !read({ ...says.groups })) refuse(`line ${at + 1} of the policy is wrong`)
  }
  const isTwice = [logs, [...witnesses.values()]].some((keys) => new Set(keys.map(({ material }) => material)).size < keys.length)
  const enough = groups.get(quorums[0] ?? '')
  return !enough || isTwice ? refuse('a policy has one quorum, and each key once') : { logs, witnesses, enough }
}

/** That the log signed it. @throws Failure where no trusted key of that origin did, or a signature of such a key is wrong */
export function checkSignature(checkpoint: Checkpoint, { logs }: Trust): string {
  const signers = logs.filter((key) => key.name === checkpoint.origin && hasSigned(key, checkpoint))
  if (signers.length === 0) fail(`no trusted key signed for ${checkpoint.origin}`)
  return `${checkpoint.origin}, ${checkpoint.size} entries, signed by key ${signers.map(({ id }) => id).join(' and ')}`
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
