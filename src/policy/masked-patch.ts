import type { FieldPlace, Json, KubernetesFacts, Mask } from '../operations/index.ts'
import { type Standing, type Use, usesInObject } from './masked-object.ts'

/** What a patch does with masked fields: operations on places (RFC 6902), or a part of an object to be merged (RFC 7386, and Kubernetes' own way). */
export function usesInPatch(root: FieldPlace<Mask>, { type, content }: NonNullable<KubernetesFacts['patch']>): ReadonlySet<Use> {
  if (type !== 'json') return usesInObject(root, content)
  const uses = new Set<Use>()
  for (const operation of Array.isArray(content) ? (content as readonly Json[]) : [content])
    for (const use of usesOfOperation(root, operation)) uses.add(use)
  return uses
}

function usesOfOperation(root: FieldPlace<Mask>, operation: Json): Iterable<Use> {
  const { op, path, from, value } = (isRecord(operation) ? operation : {}) as Readonly<Record<string, Json | undefined>>
  const at = typeof path === 'string' ? placeAt(root, path) : undefined
  // What is not understood might write anything; the target would refuse it.
  if (at === undefined) return ['written']
  switch (op) {
    case 'add':
    case 'replace':
      return [...writtenAt(at.place), ...usesInObject(root, value ?? null, at)]
    case 'remove':
      return writtenAt(at.place)
    case 'test':
      return usesInObject(root, value ?? null, at).size > 0 || at.place.owner !== undefined ? ['predicate'] : []
    case 'move':
    case 'copy': {
      const source = typeof from === 'string' ? placeAt(root, from) : undefined
      const taken: Use[] = source === undefined || source.place.live ? ['source'] : []
      return [...taken, ...writtenAt(at.place), ...(at.place.live ? (['written'] as const) : [])]
    }
    default:
      return ['written']
  }
}

function writtenAt({ owner, certain }: FieldPlace<Mask>): readonly Use[] {
  return owner !== undefined || certain ? ['written'] : []
}

/** @returns undefined where it is no JSON pointer (RFC 6901) */
function placeAt(root: FieldPlace<Mask>, pointer: string): Standing | undefined {
  if (pointer !== '' && !pointer.startsWith('/')) return undefined
  const names = pointer === '' ? [] : pointer.slice(1).split('/').map(unescaped)
  let place = root
  for (const name of names) place = place.member(name)
  return { place, name: names.at(-1), above: names.at(-2) }
}

const unescaped = (name: string) => name.replaceAll('~1', '/').replaceAll('~0', '~')

const isRecord = (value: Json) => value !== null && typeof value === 'object' && !Array.isArray(value)
