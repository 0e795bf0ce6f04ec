import { now } from './openai-chat.ts'
import type { Asked, Ready, Turn } from './script.ts'
import { textOf } from './text-of.ts'
import type { Json, ServerEvent } from './wire.ts'

/** OpenAI's responses, as its API reference describes them ("Responses", "Streaming events"). @param before what a request goes on from, by its id */
export function readResponses(body: Json, before?: readonly Turn[]): Asked {
  const input = Array.isArray(body.input) ? (body.input as Json[]) : [{ role: 'user', content: body.input }]
  // Instructions count for one request: what goes on from it has its own.
  const instructions: Turn[] = typeof body.instructions === 'string' ? [{ role: 'system', text: body.instructions }] : []
  return {
    api: 'responses',
    model: String(body.model),
    turns: [...instructions, ...(before ?? []).filter(({ role }) => role !== 'system'), ...input.flatMap(readItem)],
    tools: (Array.isArray(body.tools) ? (body.tools as Json[]) : []).map((tool) => String(tool.name ?? tool.type)),
    stream: body.stream === true,
  }
}

function readItem(item: Json): Turn[] {
  if (item.type === 'function_call') {
    const call = { id: String(item.call_id), name: String(item.name), arguments: String(item.arguments) }
    return [{ role: 'assistant', text: '', calls: [call] }]
  }
  if (item.type === 'function_call_output') return [{ role: 'tool', text: textOf(item.output), answers: String(item.call_id) }]
  if (item.type !== undefined && item.type !== 'message') return []
  return [{ role: item.role === 'developer' ? 'system' : (item.role as Turn['role']), text: textOf(item.content) }]
}

export function response(id: string, asked: Asked, answer: Ready, body: Json, isWhole = true): Json {
  const end = answer.cut ? 'incomplete' : 'completed'
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: now(),
    status: isWhole ? end : 'in_progress',
    error: null,
    incomplete_details: isWhole && answer.cut ? { reason: 'max_output_tokens' } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: asked.model,
    output: isWhole ? outputItems(id, answer) : [],
    parallel_tool_calls: true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    store: body.store ?? true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: 1,
    truncation: 'disabled',
    usage: isWhole ? usage(answer) : null,
    metadata: {},
  }
}

export function* responseEvents(id: string, asked: Asked, answer: Ready, body: Json): Generator<ServerEvent> {
  let number = 0
  const event = (type: string, fields: Json): ServerEvent => ({
    event: type,
    data: JSON.stringify({ type, sequence_number: number++, ...fields }),
  })
  yield event('response.created', { response: response(id, asked, answer, body, false) })
  yield event('response.in_progress', { response: response(id, asked, answer, body, false) })
  for (const [index, item] of outputItems(id, answer).entries()) {
    const place = { output_index: index, item_id: item.id }
    const empty = item.type === 'message' ? { content: [] } : { arguments: '' }
    yield event('response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress', ...empty } })
    if (item.type === 'message') {
      const part = { type: 'output_text', annotations: [], logprobs: [], text: '' }
      yield event('response.content_part.added', { ...place, content_index: 0, part })
      for (const piece of answer.pieces)
        yield event('response.output_text.delta', { ...place, content_index: 0, delta: piece, logprobs: [] })
      yield event('response.output_text.done', { ...place, content_index: 0, text: answer.text, logprobs: [] })
      yield event('response.content_part.done', { ...place, content_index: 0, part: { ...part, text: answer.text } })
    } else {
      const whole = String(item.arguments)
      for (const piece of whole.match(/.{1,8}/gsu) ?? []) yield event('response.function_call_arguments.delta', { ...place, delta: piece })
      yield event('response.function_call_arguments.done', { ...place, name: item.name, arguments: whole })
    }
    yield event('response.output_item.done', { output_index: index, item })
  }
  yield event(answer.cut ? 'response.incomplete' : 'response.completed', { response: response(id, asked, answer, body) })
}

function outputItems(id: string, answer: Ready): readonly Json[] {
  const content = [{ type: 'output_text', annotations: [], logprobs: [], text: answer.text }]
  const message: Json = { id: `msg_${id}`, type: 'message', status: 'completed', role: 'assistant', content }
  const calls = answer.calls.map((call): Json => {
    return { id: `fc_${call.id}`, type: 'function_call', status: 'completed', call_id: call.id, name: call.name, arguments: call.arguments }
  })
  return answer.text === '' && calls.length > 0 ? calls : [message, ...calls]
}

function usage({ usage: { inputTokens, outputTokens, cachedTokens } }: Ready): Json {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  }
}
