import type { Json } from '../../../operations/index.ts'

/** Types of Secrets that are credentials of the cluster itself. */
const TYPES: ReadonlySet<string> = new Set(['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token'])

/** What names the account whose token the server puts into a Secret. */
const ANNOTATION = 'kubernetes.io/service-account.'

/**
 * Whether a Secret that is written as the body says may be one that the server puts a token into, or that is one. A patch need not say the type of
 * what it changes: then the annotations that choose the account tell.
 *
 * @param body as sent; undefined: not known, then it may
 */
export function mayBeTokenSecret(verb: string, body: Json | undefined): boolean {
  if (body === undefined) return true
  if (Array.isArray(body)) return body.some(changesAccount)
  if (!isMapping(body)) return true
  const { type, metadata } = body
  if (type !== undefined && (typeof type !== 'string' || TYPES.has(type))) return true
  const annotations = isMapping(metadata) ? metadata.annotations : undefined
  if (metadata !== undefined && !isMapping(metadata)) return true
  if (isMapping(annotations)) return Object.keys(annotations).some((name) => name.startsWith(ANNOTATION))
  // A merge patch with null takes them all away; a directive of a strategic merge patch replaces them.
  return verb === 'patch' && annotations === null
}

/** One operation of a JSON patch (RFC 6902). */
function changesAccount(operation: Json): boolean {
  if (!isMapping(operation)) return true
  const { op, path, from, value } = operation
  if (op === 'test') return false
  if (typeof path !== 'string') return true
  if (op === 'move' || op === 'copy') return touchesAccount(path) || (typeof from === 'string' && op === 'move' && touchesAccount(from))
  if (path === '/metadata/annotations' && isMapping(value)) return Object.keys(value).some((name) => name.startsWith(ANNOTATION))
  return touchesAccount(path)
}

/** Data and labels are not what a type or an account is said by. */
function touchesAccount(path: string): boolean {
  if (/^\/(data|stringData|immutable)(\/|$)/.test(path) || /^\/metadata\/(labels|finalizers|ownerReferences)(\/|$)/.test(path)) return false
  return !/^\/metadata\/annotations\/(?!kubernetes\.io~1service-account\.)[^/]/.test(path)
}

function isMapping(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
