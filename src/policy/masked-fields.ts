import {
  coversResource,
  type Facts,
  type FieldPlace,
  fieldPlaces,
  type Json,
  type KubernetesFacts,
  type Mask,
  type MaskedUse,
  type ObjectField,
  objectFields,
} from '../operations/index.ts'
import { type Use, usesInObject } from './masked-object.ts'
import { usesInPatch } from './masked-patch.ts'
import { pathsOfSelectors } from './masked-selectors.ts'

/** Subresources whose bodies are objects of another kind than the resource, or no objects. */
const OTHER_BODIES: ReadonlySet<string> = new Set([
  ...['attach', 'binding', 'eviction', 'exec', 'log', 'portforward', 'proxy', 'scale', 'token'],
])
const WRITING: ReadonlySet<string> = new Set(['create', 'update', 'patch'])

/**
 * Whether a request does with a masked field what its mask does not let it: choose objects by it, test it, copy it elsewhere, or write it. Who reads
 * `[masked]` and sends it back would write just that.
 * Where it is not known what is sent, it is refused.
 */
export function maskedFieldUse(
  masks: readonly Mask[],
  facts: Facts | undefined,
): readonly { readonly mask: Mask; readonly use: MaskedUse }[] {
  const k8s = facts?.k8s
  return masks.flatMap((mask) => {
    const fields = fieldsOf(mask)
    const use = fields.length === 0 ? undefined : useOf(mask, fields, k8s)
    return use === undefined ? [] : [{ mask, use }]
  })
}

function useOf(mask: Mask, all: readonly ObjectField[], k8s: KubernetesFacts | undefined): MaskedUse | undefined {
  if (k8s === undefined) return 'unknown'
  const { resource, subresource, verb } = k8s
  if (resource === undefined) return k8s.path === undefined || k8s.path === '' ? 'unknown' : undefined
  // What a kubelet says of pods has no form that is known here.
  if (resource === 'nodes' && subresource === 'proxy') return all.some((field) => coversResource(field, '', 'pods')) ? 'unknown' : undefined
  const fields = all.filter((field) => coversResource(field, k8s.group, resource))
  if (fields.length === 0) return undefined
  const places = fieldPlaces(fields.map((field) => [field, mask]))
  if (!mask.predicates) {
    const chosen = pathsOfSelectors(k8s)
    if (chosen === undefined) return 'unknown'
    if (chosen.some((path) => touches(places, path))) return 'predicate'
  }
  if (!WRITING.has(verb) || (subresource !== undefined && OTHER_BODIES.has(subresource))) return undefined
  return written(mask, fields, places, k8s)
}

function written(mask: Mask, fields: readonly ObjectField[], places: FieldPlace<Mask>, k8s: KubernetesFacts): MaskedUse | undefined {
  const uses = usesOf(places, k8s)
  if (uses === undefined) return 'unknown'
  if (!mask.predicates && uses.has('predicate')) return 'predicate'
  if (uses.has('source')) return 'source'
  if (uses.has('placeholder')) return 'written'
  if (mask.unmaskedWrite) return undefined
  // What a whole object leaves out is removed.
  const replaces = k8s.verb === 'update' && fields.some(({ path }) => path[0] !== 'deep' && isWrittenThrough(path[0], k8s.subresource))
  return replaces || uses.has('written') ? 'written' : undefined
}

function usesOf(places: FieldPlace<Mask>, { object: whole, patch, subresource }: KubernetesFacts): ReadonlySet<Use> | undefined {
  if (patch !== undefined && patch.type !== 'apply') return usesInPatch(places, patch)
  const object = patch?.content ?? whole
  return object === undefined ? undefined : usesInObject(places, subresource === 'status' ? ofStatus(object) : object)
}

/** What a write of a status changes. */
const STATUS: ReadonlySet<string> = new Set(['status', 'metadata'])
const isWrittenThrough = (step: ObjectField['path'][number] | undefined, subresource: string | undefined) =>
  subresource !== 'status' || typeof step !== 'object' || STATUS.has(step.name)

function ofStatus(object: Json): Json {
  if (object === null || typeof object !== 'object' || Array.isArray(object)) return object
  return Object.fromEntries(Object.entries(object).filter(([name]) => STATUS.has(name)))
}

function touches(places: FieldPlace<Mask>, path: readonly string[]): boolean {
  let place = places
  for (const name of path) place = place.member(name)
  return place.owner !== undefined || place.certain
}

const known = new WeakMap<Mask, readonly ObjectField[]>()

/** What a mask covers of objects. */
function fieldsOf(mask: Mask): readonly ObjectField[] {
  let fields = known.get(mask)
  if (fields === undefined) {
    fields = (mask.fields ?? []).flatMap((text) => objectFields(text) ?? [])
    known.set(mask, fields)
  }
  return fields
}
