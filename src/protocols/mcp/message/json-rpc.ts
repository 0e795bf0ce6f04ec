import type { Json } from '../../../operations/index.ts'
import { StrictJsonError, strictJson, utf8Text } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { foldedTwice } from './folding.ts'

export type JsonObject = { readonly [name: string]: Json }
/** JSON-RPC 2.0 §4: what an answer is recognised by. MCP allows neither null nor fractions. */
export type RpcId = string | number

/** A message that asks for an answer. */
export interface RpcRequest {
  readonly kind: 'request'
  readonly id: RpcId
  readonly method: string
  readonly params: JsonObject
}

export interface RpcNotification {
  readonly kind: 'notification'
  readonly method: string
  readonly params: JsonObject
}

export interface RpcResult {
  readonly kind: 'result'
  readonly id: RpcId
  readonly result: Json
}

export interface RpcError {
  readonly kind: 'error'
  /** Undefined where it is about a message whose id could not be read. */
  readonly id: RpcId | undefined
  readonly error: Json
}

export type RpcMessage = RpcRequest | RpcNotification | RpcResult | RpcError

/** A message of a client: larger ones are not read. Bytes. */
export const LONGEST_MESSAGE = 3 * 1024 * 1024
/** Characters. */
const LONGEST_ID = 256
/** Every method of MCP is of these; another character could make one look like something else where it is shown and recorded. */
const METHOD = /^[\x21-\x7e]{1,128}$/

const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/**
 * One message as a client sent it, read as strictly as can be: whatever two servers could read differently is refused, so that what is judged is
 * what happens.
 *
 * @throws McpError GS_MCP_MALFORMED, GS_MCP_BATCH, GS_MCP_MESSAGE_TOO_LARGE
 */
export function readMessage(bytes: Uint8Array): RpcMessage {
  if (bytes.length > LONGEST_MESSAGE) throw new McpError('GS_MCP_MESSAGE_TOO_LARGE')
  const value = strict(bytes)
  if (Array.isArray(value)) throw new McpError('GS_MCP_BATCH')
  if (!isObject(value)) throw malformed('A message is a JSON object.')
  if (foldedTwice(value)) throw malformed('Two names in one object of the message differ by upper and lower case only.')
  if (!numbersAreExact(value)) throw malformed('A number in the message is beyond what every server reads alike; send it as a string.')
  const message = messageOf(value)
  if (message === undefined) throw malformed('It is no request, notification or response of JSON-RPC 2.0.')
  return message
}

/** A message as a server sent it, and whether it is written so that everybody reads the same: else it is written anew. */
export interface Received {
  readonly message: RpcMessage
  readonly plain: boolean
}

/** @returns undefined where it is no message */
export function readReceived(text: string): Received | undefined {
  let value: Json
  let plain = true
  try {
    value = strictJson(text)
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error
    plain = false
    try {
      value = JSON.parse(text) as Json
    } catch {
      return undefined
    }
  }
  if (!isObject(value)) return undefined
  const message = messageOf(value)
  return message && { message, plain }
}

function strict(bytes: Uint8Array): Json {
  try {
    return strictJson(utf8Text(bytes))
  } catch (error) {
    if (error instanceof StrictJsonError) throw malformed(error.message)
    throw error
  }
}

const malformed = (reason: string) => new McpError('GS_MCP_MALFORMED', reason)

/** JSON-RPC 2.0 §4 and §5. Members beyond them are refused: servers and clients that do not mind case would take some of them for these. */
function messageOf(value: JsonObject): RpcMessage | undefined {
  if (value.jsonrpc !== '2.0' || Object.keys(value).some((name) => !MEMBERS.has(name))) return undefined
  const { id, method, params, result, error } = value
  const [hasId, hasMethod, hasParams, hasResult, hasError] = ['id', 'method', 'params', 'result', 'error'].map((name) =>
    Object.hasOwn(value, name),
  )
  if (hasMethod) {
    if (typeof method !== 'string' || !METHOD.test(method) || hasResult || hasError) return undefined
    if (hasParams && !isObject(params)) return undefined
    const said = { method, params: isObject(params) ? params : {} }
    if (!hasId) return { kind: 'notification', ...said }
    return isId(id) ? { kind: 'request', id, ...said } : undefined
  }
  if (hasParams || hasResult === hasError) return undefined
  if (hasResult) return isId(id) ? { kind: 'result', id, result: result as Json } : undefined
  if (hasId && id !== null && !isId(id)) return undefined
  return { kind: 'error', id: isId(id) ? id : undefined, error: error as Json }
}

function isId(id: Json | undefined): id is RpcId {
  return typeof id === 'string' ? id.length <= LONGEST_ID : typeof id === 'number' && Number.isSafeInteger(id)
}

/** Ids are told apart by their type too. */
export const idKey = (id: RpcId): string => (typeof id === 'string' ? `"${id}` : String(id))

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text of a message. */
export function writeMessage(message: RpcMessage): Buffer {
  const { kind, ...members } = message
  if (kind === 'request' || kind === 'notification') {
    const { params, ...others } = members as RpcRequest
    return Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...others, ...(Object.keys(params).length > 0 && { params }) }))
  }
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...members }))
}

/** Integers beyond 2^53 mean one thing to JavaScript and another to everybody else; what is no number at all is infinite here. */
function numbersAreExact(value: Json): boolean {
  const waiting: Json[] = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'number' && (!Number.isFinite(next) || (Number.isInteger(next) && !Number.isSafeInteger(next)))) return false
    if (typeof next === 'object' && next !== null) for (const each of Object.values(next)) waiting.push(each as Json)
  }
  return true
}
