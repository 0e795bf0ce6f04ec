import {
  type Counts,
  type Findings,
  type JsonPlace,
  JsonRewriter,
  jsonString,
  MaskingError,
  NOTHING_THERE,
  replaceFound,
  textOf,
} from '../../../masking/index.ts'
import type { FieldPlace, FieldSelector, Mask } from '../../../operations/index.ts'
import { maskReleaseToken } from './helm-release.ts'
import { HIDDEN, maskToken } from './mask-token.ts'

/** What is done with values of objects. */
export interface ObjectMasking {
  readonly fields: FieldPlace<Mask>
  /** Where values are in base64. */
  readonly encoded: FieldPlace<true>
  readonly findings: Findings | undefined
  /** Of the operator `hash`. */
  readonly key: Uint8Array | undefined
  readonly counts: Counts
}

/** What a place is among the names of Kubernetes. `annotation`: what stands for one; `reference`: what clients send back as it is. */
type Role = 'plain' | 'annotations' | 'annotation' | 'metadata' | 'reference'

/** Members of `metadata` that are no data: masked, they would lead nowhere. */
const REFERENCES: ReadonlySet<string> = new Set(['continue', 'resourceVersion', 'uid', 'name', 'generateName', 'namespace', 'selfLink'])
/** Objects in annotations in annotations. */
const DEEPEST = 3
const QUOTE = 0x22
/** What is under it is masked within. */
const HELM: FieldSelector = 'helm-releases'

/** The places of an answer that holds objects. */
export function objectPlaces(masking: ObjectMasking, depth = 0): JsonPlace {
  const { fields, encoded, findings, key, counts } = masking
  const known = new Map<FieldPlace<Mask>, Map<FieldPlace<true>, Map<Role, JsonPlace>>>()
  const found = findings && replaceFound(findings, key, (detector) => counts.add(findings.masks.get(detector)?.name ?? '', detector))

  /** Of objects in annotations. */
  let within: JsonPlace | undefined

  const place = (at: FieldPlace<Mask>, bytes: FieldPlace<true>, role: Role): JsonPlace => {
    const byBytes = getOrMake(known, at, () => new Map<FieldPlace<true>, Map<Role, JsonPlace>>())
    const byRole = getOrMake(byBytes, bytes, () => new Map<Role, JsonPlace>())
    return getOrMake(byRole, role, () => ({
      live: true,
      member: (name) => place(at.member(name), bytes.member(name), roleOf(name, role)),
      element: () => place(at.element(), bytes.element(), 'plain'),
      replace: replacing(at, bytes, role),
    }))
  }

  const replacing = (at: FieldPlace<Mask>, bytes: FieldPlace<true>, role: Role): JsonPlace['replace'] => {
    const { owner, text } = at
    if (owner !== undefined) {
      return (token) => {
        counts.add(owner.name, text)
        const encoded = bytes.owner === true
        const release = text === HELM && token[0] === QUOTE ? maskReleaseToken(textOf(token), encoded, owner.as, key) : undefined
        return release ?? maskToken(token, owner.as, encoded, key)
      }
    }
    if (role === 'reference') return undefined
    return role === 'annotation' && fields.live ? (token, name) => inAnnotation(token, name) : found
  }

  /** An object as a text is masked as one; what is packed so that it cannot be read is not shown. */
  const inAnnotation = (token: Uint8Array, name: string | undefined): Uint8Array | undefined => {
    if (token[0] !== QUOTE) return undefined
    const text = textOf(token)
    const kind = kindOf(text)
    if (kind === 'plain') return found?.(token, name)
    if (kind === 'packed' || depth === DEEPEST) return HIDDEN
    const shown = embedded(text)
    if (shown === undefined) return HIDDEN
    return shown === text ? undefined : jsonString(Buffer.from(shown))
  }

  const embedded = (text: string): string | undefined => {
    within ??= objectPlaces(masking, depth + 1)
    const rewriter = new JsonRewriter(within)
    try {
      return Buffer.concat([rewriter.push(Buffer.from(text)), rewriter.end()]).toString()
    } catch (error) {
      if (error instanceof MaskingError) return undefined
      throw error
    }
  }

  if (!fields.live && found === undefined) return NOTHING_THERE
  return place(fields, encoded, 'plain')
}

function roleOf(name: string, within: Role): Role {
  if (within === 'annotations') return 'annotation'
  if (within === 'metadata' && REFERENCES.has(name)) return 'reference'
  return name === 'annotations' || name === 'metadata' ? name : 'plain'
}

/** Beginnings of gzip, zip and zlib. */
const PACKED = [Buffer.of(0x1f, 0x8b), Buffer.of(0x50, 0x4b), Buffer.of(0x78, 0x01), Buffer.of(0x78, 0x9c), Buffer.of(0x78, 0xda)]

/** What an annotation holds, as tools keep in them what they applied: JSON, or JSON packed and in base64. */
function kindOf(text: string): 'object' | 'packed' | 'plain' {
  if (/^\s*[[{]/.test(text)) return 'object'
  if (text.length < 32 || !/^[A-Za-z0-9+/_=\s-]+$/.test(text)) return 'plain'
  const begins = Buffer.from(text.slice(0, 64), 'base64')
  if (PACKED.some((magic) => begins.subarray(0, magic.length).equals(magic))) return 'packed'
  return /^\s*[[{]/.test(begins.toString('latin1')) ? 'packed' : 'plain'
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
