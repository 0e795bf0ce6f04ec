import type { Effect, Facts, Json, Operation, ToolFacts } from '../../../operations/index.ts'
import { isObject, type JsonObject, type RpcNotification, type RpcRequest } from '../message/index.ts'
import { canonicalText } from './canonical.ts'
import { effectsOfClient, effectsOfServer } from './effects.ts'

/** A client's request or notification as an operation. @param server the resource's name */
export function clientOperation({ kind, method, params }: RpcRequest | RpcNotification, server: string): Operation {
  return operation(effectsOfClient(kind, method, params), toolFacts(server, method, params), canonicalText(method, params))
}

/** What a server asks its client for, or the client's response to that. */
export function serverOperation(method: string, said: Json, server: string, whose: 'asks' | 'is answered'): Operation {
  const params = isObject(said) ? said : { value: said }
  const facts: ToolFacts = { server, method, name: '', arguments: said, uri: '' }
  return operation(effectsOfServer(method), facts, `the server ${whose}: ${canonicalText(method, params)}`)
}

/** What is no message. @param method what stands for it in facts */
export function wordlessOperation(effect: Effect, method: string, server: string): Operation {
  return operation([effect], { server, method, name: '', uri: '' }, `${method}\n`)
}

/** What is not carried, in our own words. */
export const unsupported = (reason: string): Operation => ({
  ...{ protocol: 'mcp', form: 'unsupported', statement: { text: Buffer.from(reason) } },
})

function operation(effects: readonly Effect[], tool: ToolFacts, text: string): Operation {
  return { protocol: 'mcp', form: 'request', statement: { text: Buffer.from(text) }, facts: { effects, tool } }
}

/** MCP, schemas of `tools/call`, `prompts/get`, `resources/read` and their kin. What a message should name and does not is unknown. */
function toolFacts(server: string, method: string, params: JsonObject): ToolFacts {
  const { name, uri } = params
  switch (method) {
    case 'tools/call':
    case 'prompts/get':
      return { server, method, ...(typeof name === 'string' && { name }), arguments: params.arguments ?? {}, uri: '' }
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return { server, method, name: '', ...(typeof uri === 'string' && { uri }) }
    case 'completion/complete':
      return { server, method, ...referred(params.ref), arguments: params.argument ?? {} }
    case 'subscriptions/listen':
      return { server, method, name: '', ...listened(params.notifications) }
    default:
      return { server, method, name: '', arguments: params, uri: '' }
  }
}

/** A prompt by its name, or a template of resources. */
function referred(ref: Json | undefined): Pick<ToolFacts, 'name' | 'uri'> {
  const { name, uri } = isObject(ref) ? ref : {}
  if (typeof name === 'string') return { name, uri: '' }
  return typeof uri === 'string' ? { name: '', uri } : {}
}

function listened(notifications: Json | undefined): Pick<ToolFacts, 'uri'> {
  const uris = isObject(notifications) ? notifications.resourceSubscriptions : undefined
  if (uris === undefined || (Array.isArray(uris) && uris.length === 0)) return { uri: '' }
  // Of several it is not known which: a rule that asks has to say no.
  return Array.isArray(uris) && uris.length === 1 && typeof uris[0] === 'string' ? { uri: uris[0] } : {}
}

/** What is known of a thing that a list shows, before anybody uses it: whether it could be permitted is asked with these. */
export const offered = {
  tool: (server: string, name: string): Facts => ({
    ...{ effects: effectsOfClient('request', 'tools/call', {}), tool: { server, method: 'tools/call', name, uri: '' } },
  }),
  prompt: (server: string, name: string): Facts => ({
    ...{ effects: effectsOfClient('request', 'prompts/get', {}), tool: { server, method: 'prompts/get', name, uri: '' } },
  }),
  /** @param uri undefined: a template, of which it is not known what comes of it */
  resource: (server: string, uri: string | undefined): Facts => ({
    effects: effectsOfClient('request', 'resources/read', {}),
    tool: { server, method: 'resources/read', name: '', ...(uri !== undefined && { uri }) },
  }),
}
