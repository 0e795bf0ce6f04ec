/** What HTTP requests do, as far as their method says it. Closed: nothing has a class that is not here. */
export const HTTP_CLASSES = ['session', 'get', 'head', 'options', 'post', 'put', 'patch', 'delete', 'other'] as const

export type HttpClass = (typeof HTTP_CLASSES)[number]

/** None: `http.*` is all of them. */
export const HTTP_NAMED_ONLY: ReadonlySet<HttpClass> = new Set()

/** One action of requests: the class that it belongs to, and when a request has it. */
export interface HttpAction {
  readonly class: HttpClass
  /** One sentence. */
  readonly meaning: string
}

const of = (name: HttpClass, meanings: Readonly<Record<string, string>>): [string, HttpAction][] =>
  Object.entries(meanings).map(([action, meaning]) => [action, { class: name, meaning }])

/** Every action by its name. Closed, and one that is called like a class is all that the class has. */
export const HTTP_ACTIONS: ReadonlyMap<string, HttpAction> = new Map([
  ...of('get', { get: 'Reads (GET).' }),
  ...of('head', { head: 'Asks for the headers that GET would have (HEAD).' }),
  ...of('options', { options: 'Asks what can be done (OPTIONS).' }),
  ...of('post', { post: 'Hands something in (POST).' }),
  ...of('put', { put: 'Replaces (PUT).' }),
  ...of('patch', { patch: 'Changes parts (PATCH).' }),
  ...of('delete', { delete: 'Removes (DELETE).' }),
  ...of('other', {
    'other method': 'Has a method that is none of these.',
    upgrade: 'Changes to another protocol on the same connection (Upgrade), such as WebSocket.',
  }),
])
