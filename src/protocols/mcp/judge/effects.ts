import type { Effect, Json } from '../../../operations/index.ts'
import { isObject, type JsonObject } from '../message/index.ts'

const effect = (name: string, action: string): Effect => Object.freeze({ class: name, action })

const OTHER = effect('other', 'other method')
const NOTIFY = effect('session', 'notify')
const READ = effect('read', 'read resource')
const SUBSCRIBE = effect('read', 'subscribe')
const SAMPLE = effect('sampling', 'sample')
const ELICIT = effect('elicitation', 'elicit')
const ROOTS = effect('roots', 'list roots')

/** What clients ask of servers (schemas of MCP 2024-11-05 to 2026-07-28). */
const OF_CLIENTS: ReadonlyMap<string, Effect> = new Map([
  ['initialize', effect('session', 'initialize')],
  ['server/discover', effect('session', 'discover')],
  ['ping', effect('session', 'ping')],
  ['logging/setLevel', effect('session', 'set log level')],
  ['completion/complete', effect('session', 'complete')],
  ['subscriptions/listen', effect('session', 'open stream')],
  ['tools/list', effect('list', 'list tools')],
  ['prompts/list', effect('list', 'list prompts')],
  ['resources/list', effect('list', 'list resources')],
  ['resources/templates/list', effect('list', 'list templates')],
  ['tools/call', effect('call', 'call tool')],
  ['tasks/get', effect('call', 'follow task')],
  ['tasks/result', effect('call', 'follow task')],
  ['tasks/cancel', effect('call', 'cancel task')],
  ['resources/read', READ],
  ['resources/subscribe', SUBSCRIBE],
  ['resources/unsubscribe', effect('read', 'unsubscribe')],
  ['prompts/get', effect('prompt', 'get prompt')],
])

const NOTIFICATIONS_OF_CLIENTS: ReadonlySet<string> = new Set([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
])

/** What servers ask of clients. */
const OF_SERVERS: ReadonlyMap<string, Effect> = new Map([
  ['ping', effect('session', 'ping')],
  ['sampling/createMessage', SAMPLE],
  ['elicitation/create', ELICIT],
  ['roots/list', ROOTS],
])

export const OPEN_STREAM = effect('session', 'open stream')
export const END_SESSION = effect('session', 'end session')
/** The gateway looks itself at what a server offers. */
export const DISCOVER = effect('session', 'discover')

/** What a client's request or notification does; distinct and sorted. */
export function effectsOfClient(kind: 'request' | 'notification', method: string, params: JsonObject): readonly Effect[] {
  if (kind === 'notification') return [NOTIFICATIONS_OF_CLIENTS.has(method) ? NOTIFY : OTHER]
  const own = OF_CLIENTS.get(method) ?? OTHER
  return sorted([own, ...handedIn(params.inputResponses), ...(method === 'subscriptions/listen' ? subscribed(params) : [])])
}

/** What a server asks its client for; the client's response is of the same class. */
export const effectsOfServer = (method: string): readonly Effect[] => [OF_SERVERS.get(method) ?? OTHER]

/**
 * MCP 2026-07-28, "Multi Round-Trip Requests": what a client hands in as it repeats a request. What was asked for is told by what it looks like, since
 * nothing else says it; what looks like nothing that is known is something else.
 */
function handedIn(responses: Json | undefined): readonly Effect[] {
  if (responses === undefined) return []
  if (!isObject(responses)) return [OTHER]
  return Object.values(responses).map((response) => {
    if (!isObject(response)) return OTHER
    if (typeof response.action === 'string') return ELICIT
    if (Array.isArray(response.roots)) return ROOTS
    return typeof response.role === 'string' && Object.hasOwn(response, 'content') ? SAMPLE : OTHER
  })
}

function subscribed({ notifications }: JsonObject): readonly Effect[] {
  const uris = isObject(notifications) ? notifications.resourceSubscriptions : undefined
  return uris === undefined || (Array.isArray(uris) && uris.length === 0) ? [] : [SUBSCRIBE]
}

function sorted(effects: readonly Effect[]): readonly Effect[] {
  const key = (each: Effect) => `${each.class} ${each.action}`
  return [...new Map(effects.map((each) => [key(each), each])).values()].sort((one, other) => (key(one) < key(other) ? -1 : 1))
}
