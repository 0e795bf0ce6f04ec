import type { Effect, Facts, Json, ModelApi, ModelFacts } from '../../../operations/index.ts'
import type { Endpoint } from './endpoint.ts'
import { countOf, type JsonObject, listOf, stringOf } from './json.ts'
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
  // Servers that know only the older name take that.
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

/** Other models that some servers (OpenRouter, LiteLLM) turn to, and what stands for some. */
const BESIDES = ['models', 'fallbacks', 'context_window_fallbacks', 'content_policy_fallbacks', 'preset'] as const

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

/** The larger of two: servers know the one or the other. @returns undefined where the request says none, or what is no number */
function mostTokens(name: ModelFacts['endpoint'], json: JsonObject): number | undefined {
  const most = Math.max(...mostSaid(name, json))
  return most >= 0 && most !== Number.MAX_SAFE_INTEGER ? most : undefined
}

/** How long an answer may be, under each of the names that say it. */
export const mostSaid = (name: ModelFacts['endpoint'], json: JsonObject): readonly number[] =>
  (MOST[name] ?? []).flatMap((each) => numbersOf(json[each]))

/** How many answers are asked for at once: `n` to each of the prompts. */
export function answersAsked({ n, best_of, prompt }: JsonObject): number {
  const prompts = listOf(prompt).filter((each) => typeof each === 'string' || Array.isArray(each)).length
  return Math.max(1, ...numbersOf(n), ...numbersOf(best_of)) * Math.max(1, prompts)
}

/** What is said, if something is. Servers read numbers from strings, and take -1 for no limit: what is no count may be any. */
const numbersOf = (value: Json | undefined): readonly number[] =>
  value === undefined || value === null ? [] : [countOf(value) ?? Number.MAX_SAFE_INTEGER]

/** The facts of a tool call in the answer to a request. */
export function answerFacts(request: Facts, name: string): Facts {
  const { model } = request
  return {
    effects: [{ class: 'answer', action: 'tool call' }],
    ...(model && { model: { ...model, toolCalls: [name] } }),
  }
}
