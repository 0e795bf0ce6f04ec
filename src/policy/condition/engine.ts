import { Environment } from '@marcbachmann/cel-js'
import { inZone } from './calendar.ts'
import { FACTS } from './facts.ts'
import { patternMatches } from './patterns.ts'
import {
  ColumnsView,
  EgressView,
  HttpView,
  K8sView,
  ModelView,
  PrincipalView,
  ResourceView,
  RunView,
  SessionView,
  SqlView,
  ToolView,
} from './views.ts'

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
