import type { Effect, Facts, ModelApi, ModelFacts } from '../../../operations/index.ts'
import type { Endpoint } from './endpoint.ts'
import { countOf, type JsonObject, stringOf } from './json.ts'
import type { EstimatedTokens } from './tokens.ts'
import { offeredTools } from './tools.ts'

const EFFECTS: Readonly<Record<ModelFacts['endpoint'], Effect>> = {
  chat: { class: 'call', action: 'chat' },
  responses: { class: 'call', action: 'responses' },
  messages: { class: 'call', action: 'messages' },
  completions: { class: 'call', action: 'completions' },
  embeddings: { class: 'call', action: 'embeddings' },
  countTokens: { class: 'session', action: 'count tokens' },
  models: { class: 'session', action: 'list models' },
}
const OTHER: Facts = { effects: [{ class: 'other', action: 'other request' }] }

/** Where each part of an API says how long an answer may be. */
const MOST: Readonly<Partial<Record<ModelFacts['endpoint'], readonly string[]>>> = {
  // Servers that know only the older name take it; where both are there, the newer one counts.
  chat: ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
  completions: ['max_tokens'],
}

/**
 * The facts of a request.
 * @param json what its body says; undefined: it has none. @param estimate of it
 */
export function factsOf(
  api: ModelApi,
  endpoint: Endpoint | undefined,
  json: JsonObject | undefined,
  estimate: EstimatedTokens | undefined,
): Facts {
  if (endpoint === undefined) return OTHER
  const { name } = endpoint
  const effects = [EFFECTS[name]]
  if (json === undefined) return { effects, model: { provider: api, endpoint: name, tools: [], stream: false } }
  const model = modelOf(endpoint, json)
  const tools = offeredTools(json)
  const stream = streams(json)
  const maxTokens = mostTokens(name, json)
  return {
    effects,
    model: {
      ...{ provider: api, endpoint: name },
      ...(model !== undefined && { model }),
      ...(tools && { tools }),
      ...(stream !== undefined && { stream }),
      ...(estimate?.isWhole && { estimatedTokens: estimate.tokens }),
      ...(maxTokens !== undefined && { maxTokens }),
    },
  }
}

/** Other models that some servers (OpenRouter, LiteLLM) turn to. */
const BESIDES = ['models', 'fallbacks'] as const

/**
 * Azure's deployment, else what the body names. Azure does not look at the body's.
 * @returns undefined where it names none, or others besides: then nobody knows which one answers
 */
export function modelOf({ deployment }: Endpoint, json: JsonObject): string | undefined {
  if (deployment !== undefined) return deployment
  return BESIDES.some((name) => json[name] !== undefined && json[name] !== null) ? undefined : stringOf(json.model)
}

/** Absent is no. @returns undefined where it is neither yes nor no: servers differ in what they make of `1` */
function streams({ stream }: JsonObject): boolean | undefined {
  if (stream === undefined || stream === null) return false
  return typeof stream === 'boolean' ? stream : undefined
}

/** @returns undefined where the request says none, or none that is a number */
export function mostTokens(name: ModelFacts['endpoint'], json: JsonObject): number | undefined {
  for (const each of MOST[name] ?? []) if (json[each] !== undefined && json[each] !== null) return countOf(json[each])
  return undefined
}

/** How many answers are asked for at once. */
export const answersAsked = (json: JsonObject): number => Math.max(1, countOf(json.n) ?? 1, countOf(json.best_of) ?? 1)

/** The facts of a tool call in the answer to a request. */
export function answerFacts(request: Facts, name: string): Facts {
  const { model } = request
  return {
    effects: [{ class: 'answer', action: 'tool call' }],
    ...(model && { model: { ...model, toolCalls: [name] } }),
  }
}
