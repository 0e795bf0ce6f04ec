import type { Json } from '../../../operations/index.ts'
import { isObject, type JsonObject, listOf } from './json.ts'

/** Bytes of UTF-8 that are counted as a token: English text has about 4, program text 3 to 4, Chinese 3. Rather too many tokens than too few. */
const BYTES = 3
/** What stands around each message. */
const OF_MESSAGE = 4
/** What an image comes to, however large it is: providers scale them down to about this much. */
const OF_IMAGE = 1_600

/** What of a request the model reads; the rest says how it is to answer. */
const READ = [
  ...['messages', 'input', 'instructions', 'system', 'prompt', 'suffix', 'tools', 'functions', 'response_format', 'text', 'output_config'],
]
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
  for (const name of READ) {
    const value = body[name]
    if (value === undefined || value === null) continue
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
      else
        for (const [key, value] of Object.entries(next)) {
          bytes += key.length
          waiting.push(value)
        }
    }
  }
  return { tokens: Math.ceil(bytes / BYTES) + more, isWhole }
}

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
