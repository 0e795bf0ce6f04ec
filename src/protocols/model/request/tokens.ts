import type { Json } from '../../../operations/index.ts'
import { isObject, type JsonObject, listOf } from './json.ts'

/** Bytes of UTF-8 that are counted as a token: English text has about 4, program text 3 to 4, Chinese 3. Rather too many tokens than too few. */
const BYTES = 3
/** What stands around each message. */
const OF_MESSAGE = 4
/** What an image comes to, however large it is: providers scale them down to about this much. */
const OF_IMAGE = 1_600

/** What says how the model is to answer, and is not read by it. Whatever else there is may be: some servers take `documents`, or a template of their own. */
const SETTINGS: ReadonlySet<string> = new Set([
  ...[
    'model',
    'models',
    'fallbacks',
    'metadata',
    'user',
    'safety_identifier',
    'prompt_cache_key',
    'prompt_cache_retention',
    'service_tier',
  ],
  ...['stream_options', 'stop', 'stop_sequences', 'logit_bias', 'modalities', 'audio', 'include', 'truncation', 'tool_choice', 'reasoning'],
  ...[
    'reasoning_effort',
    'thinking',
    'verbosity',
    'encoding_format',
    'previous_response_id',
    'conversation',
    'web_search_options',
    'container',
  ],
])
/** What is in no request, and read all the same. */
const REFERRED = ['previous_response_id', 'conversation']

/** An estimate, and whether the request refers to something of which nobody here knows how long it is. */
export interface EstimatedTokens {
  readonly tokens: number
  readonly isWhole: boolean
}

/**
 * Tokens of what a request has the model read, without any provider's tokenizer: a third of the bytes of its text (keys of objects too, as tools are
 * described in them), 4 for each message, 1,600 for each image. Above what is counted in the end for most texts, by a third for English.
 */
export function estimatedTokens(body: JsonObject): EstimatedTokens {
  let bytes = 0
  let more = 0
  let isWhole = REFERRED.every((name) => body[name] === undefined || body[name] === null) && !isObject(body.prompt)
  const waiting: Json[] = []
  for (const [name, value] of Object.entries(body)) {
    if (SETTINGS.has(name) || typeof value === 'number') continue
    if (name === 'messages' || name === 'input') more += listOf(value).length * OF_MESSAGE
    waiting.push(value)
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'string') bytes += Buffer.byteLength(next)
    // Embeddings and completions take tokens as they are.
    else if (typeof next === 'number') more += 1
    else if (Array.isArray(next)) for (const each of next as readonly Json[]) waiting.push(each)
    else if (isObject(next)) {
      const medium = mediumOf(next)
      if (medium === 'image') more += OF_IMAGE
      else if (medium === 'unknown') isWhole = false
      for (const [key, value] of Object.entries(next)) {
        if (medium !== undefined && OF_MEDIA.has(key)) continue
        bytes += key.length
        waiting.push(value)
      }
    }
  }
  return { tokens: Math.ceil(bytes / BYTES) + more, isWhole }
}

/** Members of such a part that are no text of it. A message that says that it was one is read all the same. */
const OF_MEDIA: ReadonlySet<string> = new Set([
  ...[
    'type',
    'detail',
    'image_url',
    'source',
    'file',
    'file_id',
    'file_data',
    'file_url',
    'filename',
    'input_audio',
    'cache_control',
    'id',
  ],
])

/** What a part of a message is, where it is no text: an image, or what may be of any length. */
function mediumOf(part: JsonObject): 'image' | 'unknown' | undefined {
  switch (part.type) {
    case 'image_url':
    case 'input_image':
    case 'image':
      return 'image'
    case 'input_audio':
    case 'input_file':
    case 'file':
    case 'item_reference':
    case 'container_upload':
      return 'unknown'
    case 'document':
      // Anthropic: plain text is there as it is; anything else is a file.
      return isObject(part.source) && (part.source.type === 'text' || part.source.type === 'content') ? undefined : 'unknown'
    default:
      return undefined
  }
}
