/** What a scripted model answers, whichever API it is asked through. */
export interface Answer {
  /** Its text; an array is sent in these pieces where the answer is streamed. */
  readonly text?: string | readonly string[]
  readonly calls?: readonly ScriptedCall[]
  /** Instead of what {@link countTokens} makes of the request and the answer. */
  readonly usage?: Partial<Usage>
  /** Milliseconds before each event of a stream, and before a whole answer. */
  readonly delay?: number
  /** It had no more tokens to give. */
  readonly cut?: true
  /** Instead of all that: an error. */
  readonly fail?: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
}

export interface ScriptedCall {
  /** By default made of how many there were before in this server. */
  readonly id?: string
  readonly name: string
  /** An object as JSON; a string as it is. */
  readonly arguments: Readonly<Record<string, unknown>> | string
}

export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
}

/** One message of what the model was asked, as every API says it. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  /** OpenAI's `name`: who speaks. */
  readonly name?: string
  readonly text: string
  /** What the assistant called. */
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  /** Which call a tool's result answers. */
  readonly answers?: string
}

export interface Asked {
  readonly api: 'chat' | 'responses' | 'messages' | 'completions'
  readonly model: string
  readonly turns: readonly Turn[]
  /** Names of the tools that were offered. */
  readonly tools: readonly string[]
  readonly stream: boolean
}

/** Answers by what was asked alone, so that several agents can ask in any order; throws where the story does not go on. */
export type Script = (asked: Asked) => Answer | Promise<Answer>

/** A script that gives these answers in turn, whatever it is asked. */
export function inTurn(...answers: readonly Answer[]): Script {
  const left = [...answers]
  return () => {
    const next = left.shift()
    if (next === undefined) throw new Error('the script is over')
    return next
  }
}

/** An answer made ready: ids given, pieces cut, tokens counted. */
export interface Ready {
  readonly text: string
  readonly pieces: readonly string[]
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  readonly usage: Usage
  readonly delay: number
  readonly cut: boolean
}

/** @param number how many calls this server has made so far */
export function ready(asked: Asked, answer: Answer, number: number): Ready {
  const text = typeof answer.text === 'object' ? answer.text.join('') : (answer.text ?? '')
  const calls = (answer.calls ?? []).map((call, index) => ({
    id: call.id ?? `call_${String(number + index + 1).padStart(4, '0')}`,
    name: call.name,
    arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
  }))
  const said = calls.reduce((sum, call) => sum + countTokens(call.name + call.arguments), countTokens(text))
  return {
    text,
    pieces: typeof answer.text === 'object' ? answer.text : inPieces(text),
    calls,
    usage: {
      inputTokens: asked.turns.reduce((sum, turn) => sum + countTokens(turn.text) + 4, 0),
      outputTokens: said,
      cachedTokens: 0,
      ...answer.usage,
    },
    delay: answer.delay ?? 0,
    cut: answer.cut ?? false,
  }
}

/** A stand-in for a tokenizer: four characters each. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4)
}

/** Words, each with the space behind it. */
export function inPieces(text: string): readonly string[] {
  return text.match(/\S+\s*|\s+/g) ?? []
}
