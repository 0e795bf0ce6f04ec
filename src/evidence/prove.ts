import { inclusionProof, proofText } from '../tlog/index.ts'
import type { StoredEntry } from '../trail/index.ts'
import { covering } from './checkpoint.ts'
import { EvidenceError } from './errors.ts'
import type { EvidenceTrail } from './scope.ts'

/** That an entry is in the log: c2sp.org/tlog-proof, about the entry's bytes as stored. @throws EvidenceError GS_EVIDENCE_UNSIGNED; TrailError */
export async function prove(trail: Omit<EvidenceTrail, 'read'>, index: number): Promise<string> {
  const { checkpoint, size } = await covering(trail, index)
  return proofText(index, await inclusionProof(index, size, trail.tile), checkpoint)
}

/** One payload with what it takes to check it against its commitment. */
export interface DisclosedPayload {
  readonly name: string
  readonly salt: Uint8Array
  readonly content: Uint8Array
}

/**
 * The payloads of an entry that an auditor is to see.
 * @param names which; undefined for all that have not been erased
 * @throws EvidenceError GS_EVIDENCE_NO_PAYLOAD; TrailError GS_TRAIL_PAYLOAD
 */
export function payloadsToDisclose(entry: StoredEntry, names: readonly string[] | undefined): readonly DisclosedPayload[] {
  const there = new Map(
    entry.payloads().flatMap(({ name, salt, content }) => (salt && content ? [[name, { name, salt, content }] as const] : [])),
  )
  return [...new Set(names ?? there.keys())].map((name) => {
    const payload = there.get(name)
    if (payload) return payload
    const why = name in entry.commitments ? 'has been erased or pruned' : 'is none of the entry'
    throw new EvidenceError('GS_EVIDENCE_NO_PAYLOAD', `Payload ${name} ${why}.`)
  })
}

/** One entry, its proof, and payloads of it: docs/evidence.md, "A disclosure". @throws as `prove` */
export async function disclosure(
  trail: Omit<EvidenceTrail, 'read'>,
  entry: StoredEntry,
  payloads: readonly DisclosedPayload[],
): Promise<string> {
  return document({
    gatescribe: 'trail-disclosure',
    version: 1,
    entry: { index: entry.index, bytes: textOf(entry) },
    payloads: payloads.map(({ name, salt, content }) => ({ name, salt: encoded(salt, 'base64url'), content: encoded(content, 'base64') })),
    proof: await prove(trail, entry.index),
  })
}

export function textOf({ bytes }: Pick<StoredEntry, 'bytes'>): string {
  return encoded(bytes, 'utf8')
}

export function encoded(bytes: Uint8Array, encoding: BufferEncoding): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
}

export function document(content: object): string {
  return `${JSON.stringify(content, undefined, 2)}\n`
}
