/** RFC 3986 §2.3: what is never escaped, and means the same where it is. */
const UNRESERVED = /^[A-Za-z0-9._~-]$/
/** RFC 3986 §3.3, pchar without percent signs, and the slash. */
const PATH = /^[A-Za-z0-9._~!$&'()*+,=:@/%-]*$/
/** The same for queries; what browsers and kubectl leave as it is there gets its escape. */
const QUERY = /^[\x21\x22\x24-\x7e]*$/

/**
 * The one form of a path that every server reads alike: escapes of what needs none are undone, the others in upper case.
 *
 * Undefined where servers differ: escaped slashes, backslashes or NULs, empty, `.` and `..` segments, parameters behind a semicolon, escapes that are
 * none, and bytes that are no UTF-8.
 */
export function canonicalPath(raw: string): string | undefined {
  if (!raw.startsWith('/') || !PATH.test(raw)) return undefined
  const path = unescaped(raw)
  if (path === undefined || /%(?:2F|5C|3B|00)/.test(path) || path.includes('//')) return undefined
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) return undefined
  return isText(path) ? path : undefined
}

/** The same for a query, whose order and repetitions stay: servers differ in what they make of those, and rules see all of it. */
export function canonicalQuery(raw: string): string | undefined {
  if (!QUERY.test(raw)) return undefined
  const query = unescaped(raw.replace(/["<>[\\\]^`{|}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`))
  return query !== undefined && !query.includes('%00') && isText(query) ? query : undefined
}

/** @returns undefined where a percent sign is no escape */
function unescaped(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  return text.replace(/%[0-9A-Fa-f]{2}/g, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
    return UNRESERVED.test(character) ? character : triplet.toUpperCase()
  })
}

function isText(escaped: string): boolean {
  try {
    decodeURIComponent(escaped)
    return true
  } catch {
    return false
  }
}
