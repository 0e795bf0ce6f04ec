import { type ModelFacts, type ModelResource, moneyFor, type OperationCost, type Price, type Usage } from '../../../operations/index.ts'
import { answersAsked, mostSaid } from './facts.ts'
import type { JsonObject } from './json.ts'

/** What is set aside for an answer where the request does not say how long it may be, tokens. */
const USUAL_ANSWER = 4_096

const CALLS: ReadonlySet<ModelFacts['endpoint']> = new Set(['chat', 'responses', 'embeddings', 'completions', 'messages'])

/**
 * What a call may come to: what it has the model read, and what that may answer at most.
 * @param inputTokens as they are estimated
 * @returns undefined for what costs nothing
 */
export function costOf(
  resource: Pick<ModelResource, 'prices'>,
  endpoint: ModelFacts['endpoint'],
  model: string | undefined,
  json: JsonObject,
  inputTokens: number,
): OperationCost | undefined {
  if (!CALLS.has(endpoint)) return undefined
  const said = mostSaid(endpoint, json)
  const most = (said.length > 0 ? Math.max(...said) : USUAL_ANSWER) * answersAsked(json)
  const outputTokens = endpoint === 'embeddings' ? 0 : Math.min(most, Number.MAX_SAFE_INTEGER)
  const price = priceOf(resource, model)
  return { model: model ?? '', inputTokens, outputTokens, ...(price && { money: moneyFor(price, { inputTokens, outputTokens }) }) }
}

/** The same usage with what it costs. */
export function priced(resource: Pick<ModelResource, 'prices'>, model: string | undefined, usage: Usage): Usage {
  const price = priceOf(resource, model)
  return price ? { ...usage, money: moneyFor(price, usage) } : usage
}

const priceOf = ({ prices }: Pick<ModelResource, 'prices'>, model: string | undefined): Price | undefined =>
  model === undefined ? undefined : prices.get(model)
