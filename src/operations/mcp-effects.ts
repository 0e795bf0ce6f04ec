/** What messages to and from an MCP server do. Closed: nothing has a class that is not here. */
export const MCP_CLASSES = ['session', 'list', 'call', 'read', 'prompt', 'sampling', 'elicitation', 'roots', 'other'] as const

export type McpClass = (typeof MCP_CLASSES)[number]

/** Not among `mcp.*`: permitted only where a rule names them, or an action of theirs. */
export const MCP_NAMED_ONLY: ReadonlySet<McpClass> = new Set(['sampling', 'elicitation', 'roots', 'other'])

/** One action of messages of MCP: the class that it belongs to, and when a message has it. */
export interface McpAction {
  readonly class: McpClass
  /** One sentence. */
  readonly meaning: string
}

const of = (name: McpClass, meanings: Readonly<Record<string, string>>): [string, McpAction][] =>
  Object.entries(meanings).map(([action, meaning]) => [action, { class: name, meaning }])

/** Every action by its name. Closed, and none is called like a class. */
export const MCP_ACTIONS: ReadonlyMap<string, McpAction> = new Map([
  ...of('session', {
    initialize: 'Begins (initialize, in the dialects that have a handshake).',
    discover: 'Asks what the server can do (server/discover).',
    ping: 'Asks whether the server is there (ping).',
    notify: 'Says something that has no answer: begun, progress, cancelled, changed (notifications).',
    'open stream': 'Opens the stream of what the server says by itself (GET).',
    'end session': 'Ends the session (DELETE).',
    'set log level': 'Says how much the server is to log for this client (logging/setLevel).',
    complete: 'Asks for what an argument could be (completion/complete).',
  }),
  ...of('list', {
    'list tools': 'Asks for the tools (tools/list); those that are not permitted are not shown.',
    'list prompts': 'Asks for the prompts (prompts/list).',
    'list resources': 'Asks for the resources (resources/list).',
    'list templates': 'Asks for the templates of resources (resources/templates/list).',
  }),
  ...of('call', {
    'call tool': 'Calls a tool (tools/call).',
    'follow task': 'Asks after a call that goes on by itself (tasks/get, tasks/result); only after those of its own run.',
    'cancel task': 'Ends a call that goes on by itself (tasks/cancel).',
  }),
  ...of('read', {
    'read resource': 'Reads a resource (resources/read).',
    subscribe: 'Asks to be told of changes of a resource (resources/subscribe).',
    unsubscribe: 'Asks no longer to be told (resources/unsubscribe).',
  }),
  ...of('prompt', { 'get prompt': 'Has a prompt written out (prompts/get).' }),
  ...of('sampling', { sample: 'The server asks the client for an answer of its model (sampling/createMessage).' }),
  ...of('elicitation', { elicit: 'The server asks the client to ask its user (elicitation/create).' }),
  ...of('roots', { 'list roots': 'The server asks the client for its folders (roots/list).' }),
  ...of('other', { 'other method': 'Has a method that is none of these.' }),
])
