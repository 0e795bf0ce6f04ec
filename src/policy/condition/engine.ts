import { Environment } from '@marcbachmann/cel-js'
import { EgressView, ModelView, ToolView } from './agent-views.ts'
import { inZone } from './calendar.ts'
import { patternMatches } from './patterns.ts'
import { HttpView, K8sView } from './request-views.ts'
import { ColumnsView, PrincipalView, ResourceView, RunView, SessionView, SqlView } from './views.ts'

const strings = 'list<string>'

/** The variables of conditions and their fields, as docs/rules.md lists them. */
export const FACTS = {
  sql: {
    actions: strings,
    classes: strings,
    statements: 'int',
    reads: strings,
    writes: strings,
    columns: 'Columns',
    functions: strings,
    bounded: 'bool',
    transaction: 'string',
  },
  columns: { output: strings, predicate: strings, written: strings },
  k8s: {
    actions: strings,
    classes: strings,
    verb: 'string',
    group: 'string',
    version: 'string',
    resource: 'string',
    subresource: 'string',
    namespace: 'string',
    name: 'string',
    path: 'string',
    command: strings,
    container: 'string',
    stdin: 'bool',
    asUser: 'string',
    asGroups: strings,
    dryRun: 'bool',
    fieldManager: 'string',
    labelSelector: 'string',
    fieldSelector: 'string',
    object: 'dyn',
    patchType: 'string',
    patch: 'dyn',
  },
  http: {
    actions: strings,
    classes: strings,
    method: 'string',
    host: 'string',
    path: 'string',
    query: 'string',
    headers: 'map<string, string>',
  },
  model: {
    actions: strings,
    classes: strings,
    provider: 'string',
    endpoint: 'string',
    model: 'string',
    tools: strings,
    stream: 'bool',
    estimatedTokens: 'int',
    maxTokens: 'int',
    toolCalls: strings,
  },
  tool: {
    actions: strings,
    classes: strings,
    server: 'string',
    method: 'string',
    name: 'string',
    arguments: 'dyn',
    uri: 'string',
  },
  egress: { actions: strings, classes: strings, host: 'string', port: 'int' },
  principal: { kind: 'string', issuer: 'string', subject: 'string', groups: strings },
  run: { id: 'string', repository: 'string', workflow: 'string', commit: 'string', attempt: 'string', launcher: 'string', url: 'string' },
  resource: { name: 'string', kind: 'string', tags: strings },
  session: { id: 'string', user: 'string', database: 'string', application: 'string' },
} as const

/** What stands in the tree for a call that the engine's own implementation must not answer. */
export const OWN = { matches: 'gsMatches', calendar: (name: string) => `gs${name}` } as const

const synchronous = { async: false } as const

/**
 * The engine with our variables and nothing else. Its `matches` backtracks, and its calendar with a time zone goes through the host's own
 * zone; both cannot be overridden, so calls of them are renamed in the tree and answered by ours.
 */
export const engine: Environment = build()

function build(): Environment {
  const environment = new Environment({
    limits: { maxAstNodes: 500, maxDepth: 24, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 3 },
  })
    .registerType('Columns', { ctor: ColumnsView, fields: FACTS.columns })
    .registerType('Sql', { ctor: SqlView, fields: FACTS.sql })
    .registerType('K8s', { ctor: K8sView, fields: FACTS.k8s })
    .registerType('Http', { ctor: HttpView, fields: FACTS.http })
    .registerType('Model', { ctor: ModelView, fields: FACTS.model })
    .registerType('Tool', { ctor: ToolView, fields: FACTS.tool })
    .registerType('Egress', { ctor: EgressView, fields: FACTS.egress })
    .registerType('Principal', { ctor: PrincipalView, fields: FACTS.principal })
    .registerType('Run', { ctor: RunView, fields: FACTS.run })
    .registerType('Resource', { ctor: ResourceView, fields: FACTS.resource })
    .registerType('Session', { ctor: SessionView, fields: FACTS.session })
    .registerVariable('sql', 'Sql')
    .registerVariable('k8s', 'K8s')
    .registerVariable('http', 'Http')
    .registerVariable('model', 'Model')
    .registerVariable('tool', 'Tool')
    .registerVariable('egress', 'Egress')
    .registerVariable('principal', 'Principal')
    .registerVariable('run', 'Run')
    .registerVariable('resource', 'Resource')
    .registerVariable('session', 'Session')
    .registerVariable('now', 'google.protobuf.Timestamp')
    .registerFunction(`string.${OWN.matches}(string): bool`, patternMatches, synchronous)
  for (const [name, read] of Object.entries(inZone)) {
    environment.registerFunction(`google.protobuf.Timestamp.${OWN.calendar(name)}(string): int`, read, synchronous)
  }
  return environment
}
