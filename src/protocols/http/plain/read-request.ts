import { createHash } from 'node:crypto'
import type { Effect, Facts, HttpResource, Operation, Statement } from '../../../operations/index.ts'
import { HTTP_ACTIONS } from '../../../operations/index.ts'
import { HttpError } from '../errors.ts'
import type { DoorRequest } from '../plane.ts'
import { canonicalPath, canonicalQuery } from '../relay/canonical-target.ts'
import type { ReadBody } from '../relay/read-body.ts'
import type { HeaderPairs } from '../target.ts'

/** A request before its body is read: one form of it, which is what is judged and what is forwarded. */
export interface ReadRequest {
  readonly method: string
  readonly path: string
  readonly query: string | undefined
  /** Path and query. */
  readonly target: string
  /** As they are forwarded. */
  readonly headers: HeaderPairs
  readonly upgrades: boolean
}

/** Where APIs look for a credential beside Authorization: a client that sends one there would act as somebody else. */
const CREDENTIALS =
  /^(x-)?(api-?key|api-?token|auth-?token|access-?token|auth-?key|goog-api-key|amz-security-token|vault-token|csrf-token)$|^(private|job|deploy)-token$/
/** Says nothing of what is asked for, and differs each time. */
const NOISE =
  /^(accept-encoding|user-agent|x-request-id|x-correlation-id|traceparent|tracestate|baggage|sec-websocket-key|sec-fetch-.*|dnt|priority)$/
/** What rules may look at. */
const FACTS =
  /^(accept|accept-language|content-type|content-encoding|content-language|if-match|if-none-match|if-modified-since|if-unmodified-since|range|prefer|origin|referer|user-agent|x-requested-with|[a-z0-9-]*version|openai-organization|openai-project|anthropic-beta)$/

/** @throws HttpError where servers would read its path or query differently */
export function readRequest(door: DoorRequest): ReadRequest {
  const path = canonicalPath(door.rawPath)
  if (path === undefined) throw new HttpError('GS_HTTP_PATH_REFUSED')
  const query = door.rawQuery === undefined ? undefined : canonicalQuery(door.rawQuery)
  if (door.rawQuery !== undefined && query === undefined) throw new HttpError('GS_HTTP_QUERY_REFUSED')
  const headers = door.headers.filter(([name]) => {
    const lower = name.toLowerCase()
    // Extensions of WebSocket change bytes into what nobody can look into.
    return !CREDENTIALS.test(lower) && lower !== 'sec-websocket-extensions'
  })
  return {
    method: door.method,
    path,
    query,
    target: query === undefined ? path : `${path}?${query}`,
    headers,
    upgrades: door.upgrade !== undefined,
  }
}

/** Everything of it that decides what happens. @param length of the body, where the client says it */
export function statementOf(request: ReadRequest, body: ReadBody, length: number | undefined): Statement {
  const head = headOf(request)
  if (body.kind === 'none') return { text: Buffer.from(head) }
  if (body.kind === 'whole') return { text: Buffer.concat([Buffer.from(head), body.bytes]) }
  const text = Buffer.from(`${head}${length === undefined ? '[a body that was not read]' : `[${length} bytes that were not read]`}`)
  return { text, bytes: head.length + (length ?? 0) }
}

export function headOf({ method, target, headers, upgrades }: ReadRequest): string {
  const lines = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !NOISE.test(name))
    // By name alone: of two of one name some servers take the first, others the last.
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([name, value]) => `${name}: ${name === 'cookie' ? digestOf(value) : value}`)
  return [`${method} ${target}`, ...(upgrades ? ['upgrade: websocket'] : []), ...lines, '', ''].join('\n')
}

/** A cookie may be somebody's session: that it is the same can be told without keeping it. */
const digestOf = (value: string): string => `sha256:${createHash('sha256').update(value, 'latin1').digest('hex')}`

export function operationOf(request: ReadRequest, statement: Statement, { host }: Pick<HttpResource, 'host'>): Operation {
  return { protocol: 'http', form: 'request', statement, facts: factsOf(request, host) }
}

function factsOf({ method, path, query, headers, upgrades }: ReadRequest, host: string): Facts {
  const seen = new Map<string, string>()
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (!FACTS.test(lower)) continue
    const before = seen.get(lower)
    seen.set(lower, before === undefined ? value : `${before}, ${value}`)
  }
  return {
    effects: effectsOf(method, upgrades),
    http: { method, host: host.toLowerCase(), path, query: query ?? '', headers: Object.fromEntries([...seen].sort()) },
  }
}

function effectsOf(method: string, upgrades: boolean): readonly Effect[] {
  const lower = method.toLowerCase()
  const known = HTTP_ACTIONS.get(lower)
  const own: Effect = known && known.class === lower ? { class: lower, action: lower } : { class: 'other', action: 'other method' }
  if (!upgrades) return [own]
  const upgrade: Effect = { class: 'other', action: 'upgrade' }
  return [own, upgrade].sort((one, other) => (one.class + one.action < other.class + other.action ? -1 : 1))
}
