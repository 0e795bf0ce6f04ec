import type { Json, Usage } from '../../../operations/index.ts'
import { countOf, isObject, type JsonObject } from '../request/json.ts'

/** Reads what an answer used, from the provider's own fields, whole or as its events tell it. */
export class Used {
  #input: number | undefined
  #output: number | undefined
  #cached: number | undefined

  /** @param json one event of a stream, or a whole answer */
  read(json: Json | undefined): void {
    if (!isObject(json)) return
    for (const each of [json, json.message, json.response]) {
      // Of several the last counts: Anthropic and some servers tell it anew as it grows.
      if (isObject(each) && isObject(each.usage)) this.#take(each.usage)
    }
  }

  /** What the provider says so far; undefined where it said nothing. */
  get said(): Usage | undefined {
    if (this.#input === undefined && this.#output === undefined) return undefined
    return {
      inputTokens: this.#input ?? 0,
      outputTokens: this.#output ?? 0,
      ...(this.#cached !== undefined && this.#cached > 0 && { cachedTokens: this.#cached }),
    }
  }

  #take(usage: JsonObject): void {
    const input = countOf(usage.prompt_tokens) ?? countOf(usage.input_tokens)
    const output = countOf(usage.completion_tokens) ?? countOf(usage.output_tokens)
    const details = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : usage.input_tokens_details
    const read = countOf(usage.cache_read_input_tokens)
    // Anthropic counts what is read from its cache and written to it beside the input; OpenAI within it.
    const beside = (read ?? 0) + (countOf(usage.cache_creation_input_tokens) ?? 0)
    const cached = read ?? (isObject(details) ? countOf(details.cached_tokens) : undefined)
    if (input !== undefined) this.#input = input + beside
    if (output !== undefined) this.#output = output
    if (cached !== undefined) this.#cached = cached
  }
}
