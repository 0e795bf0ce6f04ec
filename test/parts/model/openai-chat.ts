import type { Asked, Ready, Turn } from './script.ts'
import { textOf } from './text-of.ts'
import type { Json, ServerEvent } from './wire.ts'

/** OpenAI's chat completions, as its API reference describes them ("Chat", "Chat completion chunk"). */
export function readChat(body: Json): Asked {
  const messages = Array.isArray(body.messages) ? (body.messages as Json[]) : []
  return {
    api: 'chat',
    model: String(body.model),
    turns: messages.map(readMessage),
    tools: (Array.isArray(body.tools) ? (body.tools as Json[]) : []).map((tool) => String((tool.function as Json | undefined)?.name)),
    stream: body.stream === true,
  }
}

function readMessage(message: Json): Turn {
  const role = message.role === 'developer' ? 'system' : (message.role as Turn['role'])
  const calls = Array.isArray(message.tool_calls) ? (message.tool_calls as Json[]) : undefined
  return {
    role,
    text: textOf(message.content),
    ...(typeof message.name === 'string' ? { name: message.name } : {}),
    ...(calls === undefined ? {} : { calls: calls.map(readCall) }),
    ...(typeof message.tool_call_id === 'string' ? { answers: message.tool_call_id } : {}),
  }
}

function readCall(call: Json): { id: string; name: string; arguments: string } {
  const made = call.function as Json
  return { id: String(call.id), name: String(made.name), arguments: String(made.arguments) }
}

export function chatAnswer(id: string, asked: Asked, answer: Ready): Json {
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: now(),
    model: asked.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: answer.text === '' && answer.calls.length > 0 ? null : answer.text,
          refusal: null,
          annotations: [],
          ...(answer.calls.length > 0 ? { tool_calls: answer.calls.map(toolCall) } : {}),
        },
        logprobs: null,
        finish_reason: finish(answer),
      },
    ],
    usage: chatUsage(answer),
    service_tier: 'default',
    system_fingerprint: 'fp_scripted',
  }
}

/** The events of a stream; usage comes only where `stream_options.include_usage` asks for it. */
export function* chatEvents(id: string, asked: Asked, answer: Ready, body: Json): Generator<ServerEvent> {
  const withUsage = (body.stream_options as Json | undefined)?.include_usage === true
  const chunk = (choices: readonly Json[], usage: Json | null = null): ServerEvent => ({
    data: JSON.stringify({
      id: `chatcmpl-${id}`,
      object: 'chat.completion.chunk',
      created: now(),
      model: asked.model,
      service_tier: 'default',
      system_fingerprint: 'fp_scripted',
      choices,
      ...(withUsage ? { usage } : {}),
    }),
  })
  const delta = (change: Json, end: string | null = null) => chunk([{ index: 0, delta: change, logprobs: null, finish_reason: end }])

  yield delta({ role: 'assistant', content: answer.calls.length > 0 && answer.text === '' ? null : '', refusal: null })
  for (const piece of answer.pieces) yield delta({ content: piece })
  for (const [index, call] of answer.calls.entries()) {
    yield delta({ tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }] })
    for (const piece of call.arguments.match(/.{1,8}/gsu) ?? []) yield delta({ tool_calls: [{ index, function: { arguments: piece } }] })
  }
  yield delta({}, finish(answer))
  if (withUsage) yield chunk([], chatUsage(answer))
  yield { data: '[DONE]' }
}

function toolCall(call: Ready['calls'][number]): Json {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}

function finish(answer: Ready): string {
  if (answer.cut) return 'length'
  return answer.calls.length > 0 ? 'tool_calls' : 'stop'
}

export function chatUsage({ usage }: Ready): Json {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  }
}

/** Seconds since the epoch. */
export function now(): number {
  return Math.floor(Date.now() / 1_000)
}
