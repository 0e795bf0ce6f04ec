import { createHash, type Hash } from 'node:crypto'
import type { EffectiveOperation, RunId } from '../operations/index.ts'

/** Says what is hashed, and in which form: another form is another tag. */
const TAG = 'gatescribe effective operation v1'

/**
 * What an approval is bound to. Every value stands behind its length and every list behind its count, so that no two operations come to
 * the same bytes; `facts` follow from the rest and are left out.
 *
 * @returns `sha256:…`, in base64url
 */
export function effectiveDigest(run: RunId, effective: EffectiveOperation): string {
  const hash = createHash('sha256')
  text(hash, TAG)
  text(hash, run)
  text(hash, effective.protocol)
  text(hash, effective.resource)
  count(hash, effective.database === undefined ? 0 : 1)
  if (effective.database !== undefined) text(hash, effective.database)
  count(hash, effective.stream ? 1 : 0)
  count(hash, effective.parts.length)
  for (const { label, content, detail = {} } of effective.parts) {
    text(hash, label)
    count(hash, content.byteLength)
    hash.update(content)
    entries(hash, detail)
  }
  entries(hash, effective.session)
  return `sha256:${hash.digest('base64url')}`
}

/** Sorted by name, so that the order in which they were collected says nothing. */
function entries(hash: Hash, values: Readonly<Record<string, string | number>>): void {
  const names = Object.keys(values).sort()
  count(hash, names.length)
  for (const name of names) {
    const value = values[name] as string | number
    text(hash, name)
    text(hash, typeof value)
    text(hash, String(value))
  }
}

/** UTF-16 as it is: in UTF-8, every lone surrogate would come to the same bytes. */
function text(hash: Hash, value: string): void {
  const bytes = Buffer.from(value, 'utf16le')
  count(hash, bytes.byteLength)
  hash.update(bytes)
}

function count(hash: Hash, value: number): void {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  hash.update(bytes)
}
