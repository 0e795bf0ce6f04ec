import type { Asked, Ready, Turn } from './script.ts'
import { textOf } from './text-of.ts'
import type { Json, ServerEvent } from './wire.ts'

/** Anthropic's messages, as its API reference describes them ("Messages", "Streaming messages"). */
export function readMessages(body: Json): Asked {
  const messages = Array.isArray(body.messages) ? (body.messages as Json[]) : []
  const before: Turn[] = body.system === undefined ? [] : [{ role: 'system', text: textOf(body.system) }]
  return {
    api: 'messages',
    model: String(body.model),
    turns: [...before, ...messages.flatMap(readMessage)],
    tools: (Array.isArray(body.tools) ? (body.tools as Json[]) : []).map((tool) => String(tool.name)),
    stream: body.stream === true,
  }
}

/** A message whose blocks are results of tools is a turn for each of them, and one for what is said besides. */
function readMessage(message: Json): Turn[] {
  const blocks: Json[] = Array.isArray(message.content) ? (message.content as Json[]) : [{ type: 'text', text: message.content }]
  const results = blocks.filter(({ type }) => type === 'tool_result')
  const calls = blocks.filter(({ type }) => type === 'tool_use')
  const texts = blocks.filter(({ type }) => type === 'text')
  const turns: Turn[] = results.map((block) => ({ role: 'tool', text: textOf(block.content), answers: String(block.tool_use_id) }))
  if (texts.length === 0 && calls.length === 0) return turns
  const made = calls.map((call) => ({ id: String(call.id), name: String(call.name), arguments: JSON.stringify(call.input) }))
  return [...turns, { role: message.role as Turn['role'], text: textOf(texts), ...(made.length > 0 ? { calls: made } : {}) }]
}

export function message(id: string, asked: Asked, answer: Ready): Json {
  return { ...head(id, asked), content: blocks(answer), stop_reason: stop(answer), usage: usage(answer, answer.usage.outputTokens) }
}

export function* messageEvents(id: string, asked: Asked, answer: Ready): Generator<ServerEvent> {
  const event = (type: string, fields: Json): ServerEvent => ({ event: type, data: JSON.stringify({ type, ...fields }) })
  yield event('message_start', { message: { ...head(id, asked), content: [], stop_reason: null, usage: usage(answer, 1) } })
  yield event('ping', {})
  for (const [index, block] of blocks(answer).entries()) {
    const isText = block.type === 'text'
    yield event('content_block_start', { index, content_block: isText ? { type: 'text', text: '' } : { ...block, input: {} } })
    const whole = JSON.stringify(block.input)
    const deltas = isText
      ? answer.pieces.map((text) => ({ type: 'text_delta', text }))
      : (whole.match(/.{1,8}/gsu) ?? []).map((piece) => ({ type: 'input_json_delta', partial_json: piece }))
    for (const delta of deltas) yield event('content_block_delta', { index, delta })
    yield event('content_block_stop', { index })
  }
  const end = { stop_reason: stop(answer), stop_sequence: null }
  yield event('message_delta', { delta: end, usage: { output_tokens: answer.usage.outputTokens } })
  yield event('message_stop', {})
}

function head(id: string, asked: Asked): Json {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model: asked.model, stop_sequence: null }
}

function blocks(answer: Ready): readonly Json[] {
  const calls = answer.calls.map((call): Json => ({ type: 'tool_use', id: call.id, name: call.name, input: JSON.parse(call.arguments) }))
  return answer.text === '' && calls.length > 0 ? calls : [{ type: 'text', text: answer.text }, ...calls]
}

function stop(answer: Ready): string {
  if (answer.cut) return 'max_tokens'
  return answer.calls.length > 0 ? 'tool_use' : 'end_turn'
}

/** Anthropic's `input_tokens` are those beside the cached ones. */
function usage({ usage: { inputTokens, cachedTokens } }: Ready, outputTokens: number): Json {
  return {
    input_tokens: inputTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: outputTokens,
    service_tier: 'standard',
  }
}
