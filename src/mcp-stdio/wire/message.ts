import { isUtf8 } from 'node:buffer'

/** JSON-RPC 2.0 §4: an id is a text or a number; MCP has no null. */
export type MessageId = string | number

/** What is to be known of a message to pass it on. `text` is what is passed on: one line, whatever it was. */
export type Message =
  | { readonly kind: 'request'; readonly id: MessageId; readonly method: string; readonly params: Params; readonly text: string }
  | { readonly kind: 'notification'; readonly method: string; readonly params: Params; readonly text: string }
  /** An answer: a result or an error. `id` is undefined where it names no request that could be told. */
  | { readonly kind: 'answer'; readonly id: MessageId | undefined; readonly result: unknown; readonly text: string }

export type Params = Readonly<Record<string, unknown>>

/** Field of `_meta` by which a request of the stateless dialect says which revision it speaks (MCP 2026-07-28, "Versioning"). */
const VERSION = 'io.modelcontextprotocol/protocolVersion'
/** Nesting that the runtime's own reader and writer take in their stride. */
const MAX_DEPTH = 200

/** @returns undefined where it is no JSON-RPC message, such as a line of a log, or a batch, which MCP 2025-06-18 took out again */
export function readMessage(line: Uint8Array): Message | undefined {
  if (!isUtf8(line)) return undefined
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString()
  // A byte order mark is one that JSON.parse would not take, and deep nesting one that would end this process.
  if (text.charCodeAt(0) !== 0x7b && !/^[ \t\r]*\{/.test(text.slice(0, 64))) return undefined
  if (isDeep(text)) return undefined
  try {
    return messageOf(JSON.parse(text), text)
  } catch {
    return undefined
  }
}

function messageOf(value: unknown, text: string): Message | undefined {
  if (!isObject(value) || value.jsonrpc !== '2.0') return undefined
  // A carriage return between tokens would end a line of an event stream.
  const line = /[\r\n]/.test(text) ? JSON.stringify(value) : text
  const { id, method, params, result } = value
  const named = typeof id === 'string' || typeof id === 'number' ? id : undefined
  if (typeof method === 'string') {
    if (params !== undefined && !isObject(params)) return undefined
    const said = { method, params: params ?? {}, text: line }
    if (named !== undefined) return { kind: 'request', id: named, ...said }
    return 'id' in value ? undefined : { kind: 'notification', ...said }
  }
  return 'result' in value || 'error' in value ? { kind: 'answer', id: named, result, text: line } : undefined
}

/** Where a request says itself which revision it speaks, it belongs to no session. */
export function ownVersion({ params }: { readonly params: Params }): string | undefined {
  const version = isObject(params._meta) ? params._meta[VERSION] : undefined
  return typeof version === 'string' && /^\d{4}-\d\d-\d\d$/.test(version) ? version : undefined
}

/** By which a request is told of its progress: the token is whoever asked's own. */
export function progressTokenOf({ params }: { readonly params: Params }): MessageId | undefined {
  const token = isObject(params._meta) ? params._meta.progressToken : undefined
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

/** An error in answer to a request, or to nothing that could be told. JSON-RPC 2.0 §5.1 leaves −32000 to −32099 to implementations. */
export function errorMessage(
  id: MessageId | null,
  { code, message, next }: { code: string; message: string; next: string },
  number = -32000,
): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: number, message: `${code}: ${message}`, data: { code, next } } })
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether more brackets are open at once, outside of texts, than any message needs. */
function isDeep(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === 0x7b || character === 0x5b) {
      if (++depth > MAX_DEPTH) return true
    } else if (character === 0x7d || character === 0x5d) depth--
    else if (character === 0x22) {
      for (at++; at < text.length && text.charCodeAt(at) !== 0x22; at++) if (text.charCodeAt(at) === 0x5c) at++
    }
  }
  return false
}
