import type { Json } from '../../../operations/index.ts'
import { type HeaderPairs, valuesOf } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { isObject, type JsonObject, type RpcMessage } from './json-rpc.ts'

/** Dialects that begin with a handshake: a session, a stream by GET, requests of servers within streams. */
export const HANDSHAKE_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const
/** The one in which every request says everything. */
export const STATELESS_VERSION = '2026-07-28'

export type Dialect = 'handshake' | 'stateless'

const VERSION_IN_META = 'io.modelcontextprotocol/protocolVersion'
/** MCP 2026-07-28, "Standard Request Headers": which of the parameters goes with the message in Mcp-Name. */
const NAMED_BY: Readonly<Record<string, 'name' | 'uri'>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' }

const isHandshake = (version: string | undefined): boolean =>
  version !== undefined && (HANDSHAKE_VERSIONS as readonly string[]).includes(version)

/**
 * In which dialect a request is written. Without any message (GET, DELETE) its headers alone say so.
 *
 * @throws McpError GS_MCP_VERSION for a version that is not known; GS_MCP_HEADERS where headers and message disagree
 */
export function dialectOf(headers: HeaderPairs, message: RpcMessage | undefined): Dialect {
  const said = once(headers, 'mcp-protocol-version')
  const meta = message && 'params' in message ? message.params._meta : undefined
  const within = isObject(meta) ? meta[VERSION_IN_META] : undefined
  if (within !== undefined && within !== said) throw mismatch('MCP-Protocol-Version')
  if (said !== undefined && said !== STATELESS_VERSION && !isHandshake(said)) throw new McpError('GS_MCP_VERSION')
  if (said !== STATELESS_VERSION) return 'handshake'
  if (message?.kind === 'request' && within === undefined) throw mismatch('MCP-Protocol-Version')
  return 'stateless'
}

/**
 * Headers that say what is in the message, for those who do not read it: they must say the same, in every dialect, and in the stateless one they must be
 * there.
 *
 * @throws McpError GS_MCP_HEADERS
 */
export function checkMirrored(headers: HeaderPairs, message: RpcMessage, dialect: Dialect): void {
  const method = once(headers, 'mcp-method')
  const name = once(headers, 'mcp-name')
  if (message.kind !== 'request' && message.kind !== 'notification') {
    checkUnmirrored(headers)
    return
  }
  const required = dialect === 'stateless' && message.kind === 'request'
  if (method === undefined ? required : method !== message.method) throw mismatch('Mcp-Method')
  const by = NAMED_BY[message.method]
  const value = by === undefined ? undefined : message.params[by]
  if (name === undefined ? required && by !== undefined : value === undefined || decodedValue(name) !== value) throw mismatch('Mcp-Name')
  // Those of a call are held against the schema of its tool.
  if (!(message.kind === 'request' && message.method === 'tools/call')) checkUnmirrored(headers, /^mcp-param-/)
}

/**
 * Where there is no message that they could say something of.
 * @throws McpError GS_MCP_HEADERS where one is there
 */
export function checkUnmirrored(headers: HeaderPairs, which = /^mcp-(method|name|param-.*)$/): void {
  if (headers.some(([name]) => which.test(name.toLowerCase()))) throw mismatch('Mcp-…')
}

/**
 * `Mcp-Param-…`: what a tool's schema wants to be said in headers as well.
 *
 * @param schema `inputSchema` of the tool
 * @throws McpError GS_MCP_HEADERS where one says something else, or nobody asked for it; in the stateless dialect also where one is missing
 */
export function checkParameterHeaders(headers: HeaderPairs, schema: Json | undefined, args: Json | undefined, dialect: Dialect): void {
  const wanted = isObject(schema) ? annotated(schema, isObject(args) ? args : {}) : new Map<string, string | undefined>()
  for (const name of new Set(headers.map(([each]) => each.toLowerCase()))) {
    if (!name.startsWith('mcp-param-')) continue
    const said = once(headers, name)
    const value = wanted.get(name.slice('mcp-param-'.length))
    if (value === undefined || said === undefined || !isSame(decodedValue(said), value)) throw mismatch('Mcp-Param-…')
  }
  if (dialect === 'handshake') return
  for (const [name, value] of wanted)
    if (value !== undefined && once(headers, `mcp-param-${name}`) === undefined) throw mismatch('Mcp-Param-…')
}

/** By the name of the header, in lower case, what it has to say; undefined: the call has no such value. */
function annotated(schema: JsonObject, args: JsonObject): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>()
  const waiting: [JsonObject, Json | undefined][] = [[schema, args]]
  for (let next = waiting.pop(); next !== undefined && found.size < MOST_PARAMETERS; next = waiting.pop()) {
    const [{ properties }, value] = next
    if (!isObject(properties)) continue
    for (const [name, property] of Object.entries(properties)) {
      if (!isObject(property)) continue
      const there = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
      const header = property['x-mcp-header']
      if (typeof header === 'string') found.set(header.toLowerCase(), typeof there === 'object' ? undefined : textOf(there))
      waiting.push([property, there])
    }
  }
  return found
}

const MOST_PARAMETERS = 200

const textOf = (value: Json | undefined): string | undefined => (value === undefined || value === null ? undefined : String(value))

/** `42.0` is 42. */
const isSame = (said: string | undefined, value: string): boolean =>
  said === value || (said !== undefined && /^-?\d+(\.0+)?$/.test(said) && /^-?\d+$/.test(value) && Number(said) === Number(value))

/** MCP 2026-07-28, "Value Encoding". @returns undefined where it is not what it says that it is */
function decodedValue(value: string): string | undefined {
  const [, encoded] = /^=\?base64\?(.*)\?=$/.exec(value) ?? []
  if (encoded === undefined) return value
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** @throws McpError GS_MCP_HEADERS where it is there twice */
function once(headers: HeaderPairs, name: string): string | undefined {
  const values = valuesOf(headers, name)
  if (values.length > 1) throw mismatch(name)
  return values[0]
}

const mismatch = (header: string) =>
  new McpError('GS_MCP_HEADERS', `The message says something else than ${header}, or that is missing or there twice.`)
