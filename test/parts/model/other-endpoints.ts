import { chatUsage, now } from './openai-chat.ts'
import { type Asked, countTokens, type Ready } from './script.ts'
import type { Json, ServerEvent } from './wire.ts'

const DIMENSIONS = 8

/** A vector that depends on the text alone; base64 of little-endian floats where it is asked for, as OpenAI's own clients do. */
export function embeddings(body: Json): Json {
  const inputs = Array.isArray(body.input) ? body.input : [body.input]
  const texts = inputs.every((input) => typeof input === 'number') ? [inputs.join(' ')] : inputs.map(String)
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0)
  const encode = body.encoding_format === 'base64' ? (vector: Float32Array) => Buffer.from(vector.buffer).toString('base64') : Array.from
  return {
    object: 'list',
    data: texts.map((text, index) => ({ object: 'embedding', index, embedding: encode(vector(text)) })),
    model: body.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}

function vector(text: string): Float32Array {
  const sums = new Float32Array(DIMENSIONS)
  for (const [index, byte] of Buffer.from(text).entries()) sums[index % DIMENSIONS]! += byte / 255
  return sums
}

export function readCompletion(body: Json): Asked {
  return {
    api: 'completions',
    model: String(body.model),
    turns: [{ role: 'user', text: String(body.prompt) }],
    tools: [],
    stream: body.stream === true,
  }
}

export function completion(id: string, asked: Asked, answer: Ready): Json {
  return completionOf(id, asked, answer.text, answer.cut ? 'length' : 'stop', chatUsage(answer))
}

export function* completionEvents(id: string, asked: Asked, answer: Ready): Generator<ServerEvent> {
  for (const piece of answer.pieces) yield { data: JSON.stringify(completionOf(id, asked, piece, null)) }
  yield { data: JSON.stringify(completionOf(id, asked, '', answer.cut ? 'length' : 'stop')) }
  yield { data: '[DONE]' }
}

function completionOf(id: string, asked: Asked, text: string, end: string | null, usage?: Json): Json {
  const choices = [{ index: 0, text, logprobs: null, finish_reason: end }]
  return { id: `cmpl-${id}`, object: 'text_completion', created: now(), model: asked.model, choices, ...(usage ? { usage } : {}) }
}

export function openaiModels(names: readonly string[]): Json {
  return { object: 'list', data: names.map(openaiModel) }
}

export function openaiModel(id: string): Json {
  return { id, object: 'model', created: 1_700_000_000, owned_by: 'scripted' }
}

export function anthropicModels(names: readonly string[]): Json {
  const listed = names.map(anthropicModel)
  return { data: listed, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null }
}

export function anthropicModel(id: string): Json {
  return { type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' }
}
