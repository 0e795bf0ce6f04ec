/** What requests to a model's API do. Closed: nothing has a class that is not here. */
export const MODEL_CLASSES = ['session', 'call', 'answer', 'other'] as const

export type ModelClass = (typeof MODEL_CLASSES)[number]

/** Not among `model.*`: permitted only where a rule names it, or an action of it. */
export const MODEL_NAMED_ONLY: ReadonlySet<ModelClass> = new Set(['other'])

/** Class → the class that it comes with: whoever may have something of that one may have this, unless a rule denies it. */
export const MODEL_COMES_WITH: ReadonlyMap<ModelClass, ModelClass> = new Map([['answer', 'call']])

/** One action of requests to a model: the class that it belongs to, and when a request has it. */
export interface ModelAction {
  readonly class: ModelClass
  /** One sentence. */
  readonly meaning: string
}

const of = (name: ModelClass, meanings: Readonly<Record<string, string>>): [string, ModelAction][] =>
  Object.entries(meanings).map(([action, meaning]) => [action, { class: name, meaning }])

/** Every action by its name. Closed, and none is called like a class. */
export const MODEL_ACTIONS: ReadonlyMap<string, ModelAction> = new Map([
  ...of('session', {
    'list models': 'Asks which models there are, or for what is said of one.',
    'count tokens': 'Asks how many tokens a text would be.',
  }),
  ...of('call', {
    chat: 'Has a conversation answered (chat completions of OpenAI and of what speaks like it).',
    responses: 'Has a conversation answered (responses of OpenAI).',
    messages: 'Has a conversation answered (messages of Anthropic).',
    completions: 'Has a text continued (completions of OpenAI).',
    embeddings: 'Has texts made into vectors (embeddings of OpenAI).',
  }),
  ...of('answer', { 'tool call': 'An answer of the model asks for a tool to be called.' }),
  ...of('other', { 'other request': 'Is none of these: files, fine-tuning, batches, stored answers, administration.' }),
])
