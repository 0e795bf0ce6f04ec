import type { Json } from '../../../operations/index.ts'

/**
 * A name without upper and lower case, as Go's decoder compares the names of members: there `ſ` is an s, and the Kelvin sign a k.
 */
export const folded = (name: string): string => name.toLowerCase().replaceAll('ſ', 's').replaceAll('\u212a', 'k')

/** Whether an object anywhere in it has two names that some servers take for one: which of the two they read nobody knows. */
export function foldedTwice(value: Json): boolean {
  const waiting: Json[] = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null) continue
    if (Array.isArray(next)) {
      for (const each of next as readonly Json[]) if (typeof each === 'object') waiting.push(each)
      continue
    }
    const names = Object.keys(next)
    if (names.length > 1 && new Set(names.map(folded)).size < names.length) return true
    for (const each of Object.values(next)) if (typeof each === 'object') waiting.push(each)
  }
  return false
}

/** Whether a name is not one of these, but would be taken for one by who does not mind case. */
export function disguises(object: { readonly [name: string]: Json }, names: ReadonlySet<string>): boolean {
  return Object.keys(object).some((name) => !names.has(name) && [...names].some((known) => folded(known) === folded(name)))
}
