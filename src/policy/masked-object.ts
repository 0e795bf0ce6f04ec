import type { FieldPlace, Json, Mask, MaskOperator } from '../operations/index.ts'

/** What is done with a masked field. `placeholder`: what stands for its value is written back. */
export type Use = 'written' | 'placeholder' | 'predicate' | 'source'

/** What a mask shows begins with this, where it keeps the end of a value. */
const PARTLY = '****'
const REDACTED = '[masked]'
/** Members of these hold whole objects as texts, as kubectl keeps what it applied. */
const ANNOTATIONS = 'annotations'

/** Where a value stands in an object. */
export interface Standing {
  readonly place: FieldPlace<Mask>
  /** The names that lead there, the last one first; those of elements are none. */
  readonly name: string | undefined
  readonly above: string | undefined
}

/**
 * What an object that is sent does with masked fields, or a part of one, as patches by merging have it.
 * @param root where objects begin
 * @param from where `value` stands
 */
export function usesInObject(root: FieldPlace<Mask>, value: Json, from?: Standing): ReadonlySet<Use> {
  const uses = new Set<Use>()
  const beginning = { place: root, name: undefined, above: undefined }
  const ahead: (Standing & { readonly value: Json })[] = [{ value, ...(from ?? beginning) }]
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const { value, place, name, above } = next
    const { owner } = place
    const isLeaf = value === null || typeof value !== 'object'
    if (owner !== undefined) {
      uses.add('written')
      if (typeof value === 'string' && isPlaceholder(value, owner.as)) uses.add('placeholder')
    }
    // `null`, or anything else in the place of what holds fields, removes them.
    else if (isLeaf && place.certain) uses.add('written')
    if (typeof value === 'string' && above === ANNOTATIONS) {
      const embedded = parsed(value)
      if (embedded !== undefined) ahead.push({ value: embedded, ...beginning })
    }
    if (isLeaf) continue
    if (isList(value)) for (const each of value) ahead.push({ value: each, place: place.element(), name: undefined, above: name })
    else {
      for (const [member, each] of Object.entries(value)) {
        // `$patch`, `$retainKeys` and their kin are about the members beside them.
        if (member.startsWith('$') && place.certain) uses.add('written')
        ahead.push({ value: each, place: place.member(member), name: member, above: name })
      }
    }
  }
  return uses
}

function parsed(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** Whether a value is what a mask shows, and not what stands there. Of a hash it cannot be told. */
function isPlaceholder(value: string, as: MaskOperator): boolean {
  const decoded = Buffer.from(value, 'base64').toString()
  const is = (shown: (text: string) => boolean) => shown(value) || shown(decoded)
  if (as === 'redact') return is((text) => text === REDACTED)
  if (as === 'partial') return is((text) => text.startsWith(PARTLY) && [...text].length <= 2 * PARTLY.length)
  return typeof as === 'object' && as.fixed !== '' && is((text) => text === as.fixed)
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
