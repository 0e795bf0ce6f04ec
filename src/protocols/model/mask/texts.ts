import type { JsonPath } from './rewrite-strings.ts'

/** What a string of a request or an answer is. `binary`: an image, a sound or a file in base64. */
export type Said = 'text' | 'arguments' | 'structure' | 'binary'

/** What says how the others are to be read: whose values, where they look like such, are no texts. */
const STRUCTURE: ReadonlySet<string> = new Set([
  ...['role', 'type', 'id', 'object', 'model', 'name', 'format', 'status', 'detail', 'phase', 'media_type', 'mime_type', 'filename'],
  ...['tool_call_id', 'call_id', 'tool_use_id', 'item_id', 'response_id', 'previous_response_id', 'file_id', 'server_label', 'container'],
  ...['finish_reason', 'stop_reason', 'system_fingerprint', 'service_tier', 'tool_choice', 'reasoning_effort', 'effort', 'ttl', 'voice'],
  ...['truncation', 'include', 'modalities', 'verbosity', 'prompt_cache_key', 'encoding_format', 'obfuscation', 'stop_sequence'],
])
/** Signed or sealed by the provider: of use only as they are. */
const SEALED: ReadonlySet<string> = new Set(['signature', 'encrypted_content', 'encrypted_index', 'thought_signature'])
/** Members of a request that describe tools and the form of answers; of these, descriptions are texts. */
const DESCRIBING: ReadonlySet<string> = new Set([
  'tools',
  'functions',
  'response_format',
  'output_format',
  'output_config',
  'text',
  'tool_choice',
])
/** JSON in a string. */
const ARGUMENTS: ReadonlySet<string> = new Set(['arguments', 'partial_json'])
/** What a tool is called with, or gives back, as values: their names are nobody's structure. */
const VALUES: ReadonlySet<string> = new Set(['input', 'arguments', 'output', 'metadata'])

/** As ids, kinds and media types are written. */
const SYMBOL = /^[A-Za-z][\w.:/+-]{0,255}$/
const BASE64 = /^(?:data:[^,]{0,200};base64,)?[A-Za-z0-9+/_-]+={0,2}$/
/** Shorter ones are looked at like texts. */
const SHORTEST_BINARY = 256

/** Members of an answer that say its text once more, as tokens or as their numbers (vLLM). */
export const SAID_AGAIN: ReadonlySet<string> = new Set(['logprobs', 'prompt_logprobs', 'token_ids', 'prompt_token_ids'])

/** @param value what it stands for. @param isRequest rather than an answer */
export function saidBy(value: string, path: JsonPath, isRequest = false): Said {
  const last = path.findLast((name) => name !== '*') ?? ''
  if (value.length >= SHORTEST_BINARY && BASE64.test(value)) return 'binary'
  // What is not sealed, but says so, is a text.
  if (SEALED.has(last) && BASE64.test(value)) return 'structure'
  if (isRequest && DESCRIBING.has(path[0] ?? '') && path.length > 1) return last === 'description' ? 'text' : 'structure'
  const isStructure = STRUCTURE.has(last) && !path.slice(1, -1).some((name) => VALUES.has(name)) && path[0] !== 'metadata'
  if (isStructure && SYMBOL.test(value)) return 'structure'
  return ARGUMENTS.has(last) ? 'arguments' : 'text'
}
