import type { EntryValue } from './trail.ts'

/** Nesting beyond this is refused, so that no value can exhaust the stack. */
const MAX_DEPTH = 32
/** What RFC 8785 §3.2.2.2 escapes, or is not ASCII. */
const NEEDS_CARE = /[^\u0020-\u0021\u0023-\u005b\u005d-\u007e]/

/**
 * RFC 8785 (JCS) for what an entry may hold: names sorted by UTF-16 code units (§3.2.3), no white space, ECMAScript string escapes.
 * Floats do not occur, so §3.2.2.3 comes down to plain integers.
 *
 * @throws RangeError for a number that is not an integer within ±(2^53 − 1), a lone surrogate, or nesting deeper than 32;
 *   its message names no content
 */
export function canonicalJson(value: EntryValue): string {
  return write(value, 0)
}

/**
 * The same for one object whose further members are already text: so that an entry is written without copying its fields first.
 *
 * @param given names and their canonical text, sorted; a name that `members` has too is an error
 * @throws RangeError as `canonicalJson`, and where a name comes twice
 */
export function canonicalObject(
  members: { readonly [name: string]: EntryValue },
  given: readonly (readonly [name: string, text: string])[],
): string {
  const names = sortedNames(members)
  let out = ''
  let next = 0
  for (const name of names) {
    for (let member = given[next]; member !== undefined && member[0] <= name; member = given[++next]) {
      if (member[0] === name) throw new RangeError(`a field cannot be called ${name}`)
      out += `,"${member[0]}":${member[1]}`
    }
    out += `,${text(name)}:${write(members[name] as EntryValue, 1)}`
  }
  for (let member = given[next]; member !== undefined; member = given[++next]) out += `,"${member[0]}":${member[1]}`
  return `{${out.slice(1)}}`
}

function write(value: EntryValue, depth: number): string {
  switch (typeof value) {
    case 'string':
      return text(value)
    case 'number':
      if (!Number.isSafeInteger(value)) throw new RangeError('a number in an entry is not an integer within ±(2^53 − 1)')
      // §3.2.2.3: minus zero is written as 0.
      return value === 0 ? '0' : `${value}`
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth === MAX_DEPTH) throw new RangeError('an entry is nested too deeply')
      return isArray(value) ? array(value, depth) : object(value, depth)
    default:
      throw new RangeError(`an entry cannot hold a value of type ${typeof value}`)
  }
}

function isArray(value: EntryValue): value is readonly EntryValue[] {
  return Array.isArray(value)
}

function array(items: readonly EntryValue[], depth: number): string {
  let out = '['
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out += ','
    out += write(items[i] as EntryValue, depth + 1)
  }
  return `${out}]`
}

function object(members: { readonly [name: string]: EntryValue }, depth: number): string {
  let out = '{'
  for (const name of sortedNames(members)) {
    if (out.length > 1) out += ','
    out += `${text(name)}:${write(members[name] as EntryValue, depth + 1)}`
  }
  return `${out}}`
}

/** Comparison of strings in ECMAScript is by UTF-16 code units, as §3.2.3 wants. */
function sortedNames(members: { readonly [name: string]: EntryValue }): readonly string[] {
  const names = Object.keys(members)
  return isSorted(names) ? names : names.sort()
}

function isSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) if ((names[i - 1] as string) > (names[i] as string)) return false
  return true
}

function text(value: string): string {
  if (!NEEDS_CARE.test(value)) return `"${value}"`
  if (!value.isWellFormed()) throw new RangeError('a string in an entry has a lone surrogate')
  // JSON.stringify escapes exactly what §3.2.2.2 says, in the same form, once lone surrogates are out of the way.
  return JSON.stringify(value)
}
