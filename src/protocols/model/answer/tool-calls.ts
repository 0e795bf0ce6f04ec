import type { Json } from '../../../operations/index.ts'
import { isObject, type JsonObject, listOf, stringOf } from '../request/json.ts'

/** A tool that an answer wants called. */
export interface ToolCall {
  /** As the provider calls it; `''` where it says none. */
  readonly id: string
  readonly name: string
  /** As the answer has them: JSON mostly. Cut where there was more than is kept. */
  readonly arguments: string
}

/** Of one call, and of all of one answer, so much of the arguments is kept; characters. */
const LONGEST = 256 * 1024
const LONGEST_OF_ALL = 1024 * 1024
/** So many calls of one answer are kept; each that is named is still told. */
const MOST = 256

interface Gathered {
  id: string
  name: string
  arguments: string
}

/**
 * Puts tool calls together from the pieces in which an answer names them, and looks at nothing else of it. Reads chat completions, responses and
 * messages, whole and as events; which of them it is shows in their form.
 */
export class ToolCalls {
  readonly #calls = new Map<string, Gathered>()
  readonly #offered: ReadonlySet<string>
  #room = LONGEST_OF_ALL
  /** Named by what is being read. */
  #named: ToolCall[] = []

  /** @param offered names of the tools that the request offered */
  constructor(offered: readonly string[] = []) {
    this.#offered = new Set(offered)
  }

  /** Every call so far, in the order in which they were named. */
  get all(): readonly ToolCall[] {
    return [...this.#calls.values()]
  }

  /**
   * @param json one event of a stream, or a whole answer
   * @returns the calls that it names: each is told once, and again where its name grows
   */
  read(json: Json | undefined): readonly ToolCall[] {
    if (!isObject(json)) return NONE
    this.#named = []
    const { type } = json
    if (Array.isArray(json.choices)) this.#chat(json)
    // Each by itself: clients of one API do not look at what stands beside it.
    if (typeof type === 'string' && type.startsWith('response.')) this.#event(type, json)
    else if (isObject(json.content_block) || isObject(json.delta)) this.#block(json)
    if (Array.isArray(json.output)) this.#items(json.output as readonly Json[])
    if (Array.isArray(json.content)) this.#blocks(json.content as readonly Json[])
    // Anthropic's message_start holds a whole message, without content as a rule.
    if (isObject(json.message) && Array.isArray(json.message.content)) this.#blocks(json.message.content as readonly Json[])
    return this.#named
  }

  // Chat completions: deltas of choices, by index; servers that are like OpenAI leave the index out.
  #chat({ choices }: JsonObject): void {
    for (const [at, choice] of listOf(choices).entries()) {
      if (!isObject(choice)) continue
      for (const part of [choice.delta, choice.message]) {
        if (!isObject(part)) continue
        const of = `${choice.index ?? at}`
        for (const [position, call] of listOf(part.tool_calls).entries()) {
          if (!isObject(call)) continue
          const said = isObject(call.function) ? call.function : isObject(call.custom) ? call.custom : undefined
          this.#add(`${of}:${call.index ?? stringOf(call.id) ?? position}`, call.id, said?.name, said?.arguments ?? said?.input)
        }
        if (isObject(part.function_call)) this.#add(`${of}:function`, undefined, part.function_call.name, part.function_call.arguments)
      }
    }
  }

  // Responses.
  #event(type: string, json: JsonObject): void {
    if (isObject(json.item)) this.#item(json.item, json.output_index)
    if (isObject(json.response)) this.#items(listOf(json.response.output))
    if (!/^response\.(function_call|mcp_call|custom_tool_call)_?(arguments|input)\.delta$/.test(type)) return
    const known = this.#calls.get(itemKey(json.item_id, json.output_index))
    if (known && typeof json.delta === 'string') this.#append(known, json.delta)
  }

  #items(output: readonly Json[]): void {
    for (const [at, item] of output.entries()) if (isObject(item)) this.#item(item, at)
  }

  #item(item: JsonObject, at: Json | undefined): void {
    const { type } = item
    if (typeof type !== 'string') return
    const isAsked = type === 'mcp_approval_request'
    if (!type.endsWith('_call') && !isAsked) return
    // What the provider runs itself has no name but its kind: web_search_call.
    const name = stringOf(item.name) ?? type.slice(0, -'_call'.length)
    const key = itemKey(item.id, at)
    const known = this.#calls.get(key)
    const said = item.arguments ?? item.input
    if (known?.name === name) {
      // The whole of what came in pieces.
      if (typeof said === 'string' && said.length > known.arguments.length) {
        known.arguments = ''
        this.#append(known, said)
      }
      return
    }
    this.#calls.delete(key)
    this.#add(key, item.call_id ?? item.id, name, said)
  }

  // Messages.
  #block(json: JsonObject): void {
    const key = `block:${json.index}`
    if (isObject(json.content_block)) this.#tool(key, json.content_block)
    const known = this.#calls.get(key)
    if (known && isObject(json.delta) && typeof json.delta.partial_json === 'string') this.#append(known, json.delta.partial_json)
  }

  #blocks(content: readonly Json[]): void {
    for (const [at, block] of content.entries()) if (isObject(block)) this.#tool(`block:${at}`, block)
  }

  #tool(key: string, block: JsonObject): void {
    const { type, id, name, input } = block
    if (typeof type !== 'string' || !type.endsWith('tool_use')) return
    // A stream begins with an empty input, and its pieces follow.
    const said = isObject(input) && Object.keys(input).length === 0 ? undefined : input
    this.#add(key, id, name, said)
  }

  #add(key: string, id: Json | undefined, name: Json | undefined, said: Json | undefined): void {
    let call = this.#calls.get(key)
    const isNew = call === undefined
    call ??= { id: '', name: '', arguments: '' }
    if (call.id === '') call.id = stringOf(id) ?? ''
    const piece = typeof name === 'string' ? name : ''
    const grows = piece !== '' && !this.#isSaidAgain(call.name, piece)
    if (grows) call.name += piece
    if (isNew && this.#calls.size < MOST) this.#calls.set(key, call)
    if (grows) this.#named.push(call)
    if (typeof said === 'string') this.#append(call, said)
    else if (said !== undefined && said !== null) this.#append(call, JSON.stringify(said))
  }

  /** Clients put pieces of a name one behind the other; but some servers say the whole of it with every piece. */
  #isSaidAgain(name: string, piece: string): boolean {
    return name === piece && !this.#offered.has(name + piece)
  }

  #append(call: Gathered, piece: string): void {
    const kept = piece.slice(0, Math.max(0, Math.min(LONGEST - call.arguments.length, this.#room)))
    call.arguments += kept
    this.#room -= kept.length
  }
}

const NONE: readonly ToolCall[] = []

const itemKey = (id: Json | undefined, at: Json | undefined): string => stringOf(id) ?? `output:${at}`
