import type { Facts, Json, KubernetesFacts, Principal } from '../../operations/index.ts'
import type { Asker } from '../asker.ts'
import { known, missing } from './unknown-fact.ts'
import { viewOf } from './view-of.ts'

export { ColumnsView } from './view-of.ts'

/** What conditions see, one class per variable: the engine knows a type by its class. */

/** What an operation does, without what it belongs to, and the other way round; each once. */
const OF_EFFECTS = {
  actions: ({ effects }: Facts) => distinct(effects.map(({ action }) => action)),
  classes: ({ effects }: Facts) => distinct(effects.map((effect) => effect.class)),
}

const distinct = (sorted: readonly string[]) => [...new Set(sorted)]

export const SqlView = viewOf('sql', ({ sql }: Facts) => sql, OF_EFFECTS)

/** `object` is what is sent of create, update and server-side apply: all of it, or what is applied. */
export const K8sView = viewOf('k8s', ({ k8s }: Facts) => k8s, {
  ...OF_EFFECTS,
  object: ({ k8s }) => objectOf(k8s) ?? missing('k8s.object'),
  patchType: ({ k8s }) => known('k8s', k8s, 'patch').type,
  patch: ({ k8s }) => known('k8s', k8s, 'patch').content,
})

/** The object that a request is about, as far as it is sent: JSON that is no object is none. */
export function objectOf(k8s: KubernetesFacts | undefined): Json | undefined {
  const object = k8s?.patch?.type === 'apply' ? k8s.patch.content : k8s?.object
  return object === null ? undefined : object
}

export const HttpView = viewOf('http', ({ http }: Facts) => http, OF_EFFECTS)

export const ModelView = viewOf('model', ({ model }: Facts) => model, OF_EFFECTS)

/** Of a message of MCP. */
export const ToolView = viewOf('tool', ({ tool }: Facts) => tool, OF_EFFECTS)

/** Of a connection through the forward proxy. */
export const EgressView = viewOf('egress', ({ egress }: Facts) => egress, OF_EFFECTS)

export const RunView = viewOf('run', (run: Asker['run']) => run?.facts, { id: (run) => known('run', run, 'id') })

export const SessionView = viewOf('session', (session: Asker['session']) => session, {})

export class PrincipalView {
  readonly kind: string
  readonly issuer: string
  readonly subject: string
  readonly groups: readonly string[]

  constructor({ kind, issuer, subject, groups }: Principal) {
    this.kind = kind
    this.issuer = issuer
    this.subject = subject
    this.groups = groups
  }
}

export class ResourceView {
  readonly name: string
  readonly kind: string
  readonly tags: readonly string[]

  constructor({ name, kind, tags }: Asker['resource']) {
    this.name = name
    this.kind = kind
    this.tags = tags
  }
}
