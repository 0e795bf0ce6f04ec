import type { HttpResource } from '../../../operations/index.ts'
import { canonicalPath, type DoorRequest, firstOf, valuesOf } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import type { Sealed, SealedFor } from './sealed.ts'

/** Where a request goes. */
export interface Place {
  /** `messages`: where the old dialect (HTTP+SSE of 2024-11-05) sends its messages, as its stream said. */
  readonly kind: 'endpoint' | 'messages'
  /** Behind the base path of the resource, with a query where there is one. */
  readonly path: string
  /** What stands for the session of the old dialect. */
  readonly token?: string
}

/** Below the resource's own path; chosen here, so that it is nobody else's. */
const MESSAGES = '/gatescribe-messages/'
/** Where the old dialect opens its stream by convention, if not at the address itself. */
const STREAM = '/sse'

/**
 * MCP has one endpoint, which is the resource's address. Any other path of the server would be something that is no MCP.
 * @throws McpError GS_MCP_PATH, GS_MCP_SESSION_UNKNOWN
 */
export function placeOf(
  { method, rawPath, rawQuery }: Pick<DoorRequest, 'method' | 'rawPath' | 'rawQuery'>,
  { basePath }: Pick<HttpResource, 'basePath'>,
  sealed: Sealed,
  whose: SealedFor,
): Place {
  if (rawPath.startsWith(MESSAGES)) {
    const token = rawPath.slice(MESSAGES.length)
    const path = rawQuery === undefined ? sealed.open('endpoint', whose, token) : undefined
    if (path === undefined) throw new McpError('GS_MCP_SESSION_UNKNOWN')
    return { kind: 'messages', path, token }
  }
  // It would decide something that no rule sees.
  if (rawQuery !== undefined) throw new McpError('GS_MCP_PATH', 'A query behind the URL of the resource is not passed on.')
  // An address with a path is that path: with a slash behind it, servers take it for another.
  if (rawPath === '/') return { kind: 'endpoint', path: basePath === '' ? '/' : '' }
  if (method === 'GET' && canonicalPath(rawPath) === STREAM) return { kind: 'endpoint', path: STREAM }
  throw new McpError('GS_MCP_PATH')
}

/**
 * What an `endpoint` event of the old dialect says, as a path here.
 * @param said the server's URL, perhaps relative. @param base of the target with its base path. @param path under which the stream was opened
 * @returns path at the gateway and the token that it ends with; undefined where it leads elsewhere than below the server's own base
 */
export function messagesPlace(
  said: string,
  { base, path }: { readonly base: string; readonly path: string },
  gateway: string,
  sealed: Sealed,
  whose: SealedFor,
): { readonly url: string; readonly token: string } | undefined {
  const stream = URL.parse(base + path)
  const url = stream && URL.parse(said, stream)
  const root = URL.parse(base)
  if (!url || !root || url.origin !== root.origin || url.username !== '' || url.hash !== '') return undefined
  const below = root.pathname === '/' ? '' : root.pathname
  // What it says is a path of the server, which may well be beside that of the stream; the target puts its base path before everything.
  if (!url.pathname.startsWith(`${below}/`)) return undefined
  const token = sealed.seal('endpoint', whose, url.pathname.slice(below.length) + url.search)
  return { url: `${new URL(gateway).pathname.replace(/\/$/, '')}${MESSAGES}${token}`, token }
}

/**
 * MCP, "Security Warning" of the transports: a page of the web that finds a way here (DNS rebinding) must not speak for its visitor. Clients that are no
 * browsers say no Origin.
 * @throws McpError GS_MCP_ORIGIN
 */
export function checkOrigin({ headers, base }: Pick<DoorRequest, 'headers' | 'base'>): void {
  const origins = valuesOf(headers, 'origin')
  if (origins.length === 0) return
  if (origins.length > 1 || origins[0]?.toLowerCase() !== new URL(base).origin.toLowerCase()) throw new McpError('GS_MCP_ORIGIN')
}

/** @throws McpError GS_MCP_TYPE */
export function checkContentType({ headers }: Pick<DoorRequest, 'headers'>): void {
  const type = (firstOf(headers, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  const encoding = firstOf(headers, 'content-encoding')?.toLowerCase() ?? 'identity'
  if (type !== 'application/json' || encoding !== 'identity') throw new McpError('GS_MCP_TYPE')
}
