import { type Checkpoint, type Key, parseKey } from './note.ts'
import { Failure, Unusable } from './verdict.ts'

const MAX_POLICY = 65_536

/** Whom the auditor trusts. Never part of what is verified. */
export interface Trust {
  readonly logs: readonly Key[]
  /** By the names that the policy gives them. */
  readonly witnesses: ReadonlyMap<string, Key>
  /** Whether these witnesses are enough. */
  enough(cosigned: ReadonlySet<string>): boolean
}

/** Trust in keys of logs alone. @throws Unusable */
export function trustKeys(vkeys: readonly string[]): Trust {
  return { logs: vkeys.map((vkey) => parseKey(vkey, 'log')), witnesses: new Map(), enough: () => true }
}

/** tlog-policy. @throws Unusable, which names the line */
export function parsePolicy(bytes: Buffer): Trust {
  const logs: Key[] = []
  const witnesses = new Map<string, Key>()
  const groups = new Map<string, { readonly least: number; readonly members: readonly string[] }>()
  const grouped = new Set<string>()
  const quorums: string[] = []
  const isDefined = (name: string) => witnesses.has(name) || groups.has(name)
  const isNew = (name: string) => name !== 'none' && !isDefined(name)
  /** The file is octets; the names of keys are UTF-8, as in notes. A key may come once. */
  const newKey = (vkey: string, type: Key['type'], others: Iterable<Key>) => {
    const key = parseKey(Buffer.from(vkey, 'latin1').toString(), type)
    if ([...others].some(({ material }) => material === key.material)) throw new Unusable('a key comes twice')
    return key
  }
  const read = ([word, name = '', how = '', ...rest]: readonly string[]): boolean => {
    const words = 1 + Number(name !== '') + Number(how !== '') + rest.length
    if (word === 'log' && (words === 2 || words === 3)) logs.push(newKey(name, 'log', logs))
    else if (word === 'witness' && (words === 3 || words === 4) && isNew(name))
      witnesses.set(name, newKey(how, 'witness', witnesses.values()))
    else if (word === 'group' && words > 3 && isNew(name)) {
      const least = how === 'any' ? 1 : how === 'all' ? rest.length : /^[1-9]\d{0,4}$/.test(how) ? Number(how) : Number.POSITIVE_INFINITY
      if (least > rest.length || !rest.every((member) => isDefined(member) && !grouped.has(member) && grouped.add(member))) return false
      groups.set(name, { least, members: rest })
    } else if (word === 'quorum' && words === 2 && (name === 'none' || isDefined(name))) quorums.push(name)
    else return false
    return true
  }
  if (bytes.length > MAX_POLICY) throw new Unusable(`a policy is longer than ${MAX_POLICY} bytes`)
  for (const [at, line] of bytes.toString('latin1').split('\n').entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== '')
    const says = words.length === 0 || words[0]?.startsWith('#')
    if (/[^\t\x20-\x7e\x80-\xff]/.test(line) || !(says || read(words)))
      throw new Unusable(`line ${at + 1} of the policy is not as it must be`)
  }
  const [quorum, another] = quorums
  if (quorum === undefined || another !== undefined) throw new Unusable('a policy has one quorum')
  const enough = (cosigned: ReadonlySet<string>) => {
    const reached = new Set(cosigned).add('none')
    // A group refers only to names before it.
    for (const [name, { least, members }] of groups) if (members.filter((member) => reached.has(member)).length >= least) reached.add(name)
    return reached.has(quorum)
  }
  return { logs, witnesses, enough }
}

/** That the log signed it. @throws Failure where no trusted key of that origin did, or a signature of such a key is wrong */
export function checkSignature(checkpoint: Checkpoint, { logs }: Trust): string {
  const { origin, size } = checkpoint
  const signers = logs.filter((key) => key.name === origin && hasSigned(key, checkpoint, 'signature'))
  if (signers.length === 0) throw new Failure('signature', `no trusted key signed for ${origin}`)
  return `${origin}, ${size} entries, signed by key ${signers.map(({ id }) => id).join(' and ')}`
}

/** That enough witnesses saw it. @throws Failure where they did not, or the cosignature of a known one is wrong */
export function checkWitnesses(checkpoint: Checkpoint, { witnesses, enough }: Trust): string {
  const names = [...witnesses.keys()].filter((name) => hasSigned(witnesses.get(name) as Key, checkpoint, 'witnessed'))
  const by = names.length === 0 ? 'by none' : `by ${names.join(', ')}`
  if (!enough(new Set(names))) throw new Failure('witnessed', `${checkpoint.size} entries ${by}, which is not enough for the policy`)
  return enough(new Set()) ? `${by}; the policy asks for none` : by
}

/** signed-note, "Signatures": those of unknown keys are ignored, that of a known one must be right. */
function hasSigned(key: Key, { text, signatures }: Checkpoint, verdict: 'signature' | 'witnessed'): boolean {
  const own = signatures.filter(({ name, id }) => name === key.name && id === key.id)
  if (!own.every(({ bytes }) => key.verifies(text, bytes))) throw new Failure(verdict, `a signature of ${key.name} is wrong`)
  return own.length > 0
}
