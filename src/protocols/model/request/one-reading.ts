import type { Json } from '../../../operations/index.ts'
import { ModelError } from '../errors.ts'
import { isObject, type JsonObject, listOf } from './json.ts'

/** What rules, budgets and masks read of a request. */
const READ: ReadonlySet<string> = new Set([
  ...['model', 'models', 'fallbacks', 'messages', 'input', 'instructions', 'system', 'prompt', 'stream', 'stream_options', 'include_usage'],
  ...['tools', 'functions', 'function', 'custom', 'name', 'type', 'mcp_servers', 'data_sources', 'web_search_options', 'plugins'],
  ...[
    'n',
    'best_of',
    'max_tokens',
    'max_completion_tokens',
    'max_output_tokens',
    'previous_response_id',
    'conversation',
    'content',
    'role',
  ],
  ...['api_key', 'api_base', 'base_url', 'extra_body', 'extra_headers', 'extra_query', 'authorization', 'headers'],
])

/** What some servers (LiteLLM) put into the request that they make of this one, over what it says. */
const PUT_OVER = ['extra_body', 'extra_headers', 'extra_query', 'litellm_params', 'router_settings_override'] as const

/** Deeper than anybody groups tools. */
const DEEPEST = 8

/**
 * Refuses what servers read otherwise than it was judged. Those in Go (Ollama) take `Model` for `model`, and of both the last.
 * @throws ModelError GS_MODEL_BODY
 */
export function refuseOtherReadings(json: JsonObject): void {
  const put = PUT_OVER.find((name) => name in json)
  if (put !== undefined) throw new ModelError('GS_MODEL_BODY', `Some servers put what "${put}" holds over what the body says.`)
  spelled(json)
  spelled(json.stream_options)
  for (const list of [json.tools, json.functions]) for (const tool of listOf(list)) ofTool(tool)
  for (const list of [json.messages, json.input]) {
    for (const item of listOf(list)) {
      spelled(item)
      if (isObject(item)) for (const tool of listOf(item.tools)) ofTool(tool)
    }
  }
}

function ofTool(tool: Json, depth = 0): void {
  if (!isObject(tool)) return
  for (const each of [tool, tool.function, tool.custom]) spelled(each)
  if (depth < DEEPEST) for (const each of listOf(tool.tools)) ofTool(each, depth + 1)
}

function spelled(value: Json | undefined): void {
  if (!isObject(value)) return
  for (const name of Object.keys(value)) {
    const plain = folded(name)
    if (plain !== name && READ.has(plain)) {
      throw new ModelError('GS_MODEL_BODY', `Some servers read a member of the body as "${plain}", which it is not called.`)
    }
  }
}

/** As Go compares names of members: without case, of all letters that there are (`ſ` is an s, the sign of kelvin a k). */
const folded = (name: string): string => name.toUpperCase().toLowerCase()
