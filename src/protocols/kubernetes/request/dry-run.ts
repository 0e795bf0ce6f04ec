import type { Json } from '../../../operations/index.ts'
import type { CanonicalQuery } from './canonical-query.ts'
import type { RequestInfo } from './request-info.ts'

/** Subresources whose writes take the option as their objects do. */
const TAKE_IT: ReadonlySet<string> = new Set([
  ...['', 'status', 'scale', 'finalize', 'approval', 'binding', 'eviction', 'ephemeralcontainers', 'resize'],
])

/** What a request's body is: not read (undefined), not there (`none`), or this. */
export type KnownBody = { readonly read: Json } | 'none' | undefined

/**
 * Whether the server is asked to change nothing. Where a body can say it too, the body counts.
 * @returns undefined where it is not known
 */
export function dryRunOf(info: RequestInfo, values: CanonicalQuery['values'], body: KnownBody): boolean | undefined {
  const { verb, subresource } = info
  if (!info.isResource || info.verbInPath) return false
  const inQuery = fromOption(values.get('dryRun'))
  if (verb === 'delete' || verb === 'deletecollection') {
    // Options in the query hold only where there is no body (endpoints/handlers/delete.go).
    if (body === 'none') return inQuery
    return body === undefined ? undefined : fromBody(body.read)
  }
  if (verb !== 'create' && verb !== 'update' && verb !== 'patch') return false
  if (!TAKE_IT.has(subresource)) return inQuery === false || info.group === '' ? false : undefined
  if (subresource !== 'eviction' || inQuery !== false) return inQuery
  if (body === undefined || body === 'none') return undefined
  const options = member(body.read, 'deleteOptions')
  return options === undefined || options === null ? false : fromBody(options)
}

function fromOption(values: readonly string[] | undefined): boolean | undefined {
  if (values === undefined) return false
  return values.length === 1 && values[0] === 'All' ? true : undefined
}

function fromBody(options: Json): boolean | undefined {
  const list = member(options, 'dryRun')
  if (list === undefined || list === null || (Array.isArray(list) && list.length === 0)) return false
  return Array.isArray(list) && list.length === 1 && list[0] === 'All' ? true : undefined
}

function member(value: Json, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, name) ? (value as { readonly [name: string]: Json })[name] : undefined
}
