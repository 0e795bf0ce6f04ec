import { type Effect, type Json, KUBERNETES_ACTIONS } from '../../../operations/index.ts'
import type { Method, RequestInfo } from './request-info.ts'
import { mayBeTokenSecret } from './token-secret.ts'

/** What decides the effects of a request beside its path. */
export interface Asked {
  readonly method: Method
  readonly info: RequestInfo
  /** The path where it is no resource. */
  readonly path: string
  /** Whether it wants another protocol on its connection. */
  readonly upgrade: boolean
  /** Whether it wants to be done as somebody else. */
  readonly impersonates: boolean
  /** Server-side apply. */
  readonly apply: boolean
  /** What its body says; undefined: not known. */
  readonly body: Json | undefined
}

/** Distinct, sorted by class and action. */
export function effectsOf(asked: Asked): readonly Effect[] {
  const { info, method, path } = asked
  const actions = new Set(info.isResource ? ofResource(asked) : ofPath(method, path))
  if (asked.upgrade && !CHANNELS.has(channelOf(info))) actions.add('unknown upgrade')
  if (asked.impersonates) actions.add('impersonate')
  return [...actions].map(effect).sort(byClassAndAction)
}

function effect(action: string): Effect {
  return { class: (KUBERNETES_ACTIONS.get(action) as { class: string }).class, action }
}

function byClassAndAction(one: Effect, other: Effect): number {
  if (one.class !== other.class) return one.class < other.class ? -1 : 1
  return one.action < other.action ? -1 : one.action > other.action ? 1 : 0
}

/** What opens a channel when it is upgraded. */
const CHANNELS: ReadonlySet<string> = new Set([
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'services/proxy',
  'nodes/proxy',
])

/** `resource/subresource` of the core group; `''` for every other. */
export function channelOf({ group, resource, subresource }: RequestInfo): string {
  return group === '' && subresource !== '' ? `${resource}/${subresource}` : ''
}

function ofPath(method: Method, path: string): string[] {
  if (method !== 'GET' && method !== 'HEAD') return ['unknown request']
  if (/^\/apis?(\/|$)/.test(path)) return ['discover']
  if (/^\/openapi(\/|$)/.test(path)) return ['openapi']
  if (path === '/version') return ['server version']
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return ['health']
  return /^\/logs(\/|$)/.test(path) ? ['read server logs'] : ['get path']
}

/** Subresources of the core group that are classes of their own, whatever the method: only some methods are served. */
const OF_CHANNELS: Readonly<Record<string, readonly string[]>> = {
  'pods/exec': ['run command'],
  'pods/attach': ['attach'],
  'pods/portforward': ['portforward'],
  'pods/proxy': ['proxy pod'],
  'services/proxy': ['proxy service'],
}

const ROLES: ReadonlySet<string> = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'])
const SELF_REVIEWS: ReadonlySet<string> = new Set([
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authentication.k8s.io/selfsubjectreviews',
])
const REVIEWS: ReadonlySet<string> = new Set([
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/subjectaccessreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
])

/** Kinds whose update makes what is not there (AllowCreateOnUpdate in kubernetes/pkg/registry, 1.37). */
const MADE_BY_UPDATE: ReadonlySet<string> = new Set([
  ...['/endpoints', '/events', '/limitranges', '/services', 'events.k8s.io/events', 'node.k8s.io/runtimeclasses'],
  ...['coordination.k8s.io/leases', 'coordination.k8s.io/leasecandidates'],
  ...[...ROLES].map((kind) => `rbac.authorization.k8s.io/${kind}`),
])

function ofResource(asked: Asked): string[] {
  const { info } = asked
  const { group, resource, subresource, verb } = info
  const channel = channelOf(info)
  const own = OF_CHANNELS[channel]
  if (own && info.rest.length > 0 && subresource !== 'proxy') return ['unknown request']
  if (own) return [...own]
  if (channel === 'nodes/proxy') return asked.upgrade || !isHarmlessAtKubelet(asked) ? ['proxy node', 'run on node'] : ['proxy node']
  if (info.rest.length > 0 || verb === 'proxy') return ['unknown request']
  if (channel === 'pods/log') return verb === 'get' ? ['read logs'] : ['unknown request']
  const kind = `${group}/${resource}`
  if (subresource === '' && verb === 'create' && SELF_REVIEWS.has(kind)) return ['self review']
  if (subresource === '' && verb === 'create' && REVIEWS.has(kind)) return ['review']
  if (channel === 'pods/eviction' && verb === 'create') return ['evict']
  if (channel === 'pods/ephemeralcontainers' && (verb === 'update' || verb === 'patch')) return ['debug']
  return [...ofVerb(asked), ...handingOutPower(asked)]
}

/** What a kubelet only tells (kubelet/server, without streams). Everything else there may run something, also with GET. */
function isHarmlessAtKubelet({ method, info }: Asked): boolean {
  const [first = ''] = info.rest
  return (method === 'GET' || method === 'HEAD') && KUBELET_TELLS.has(first)
}

const KUBELET_TELLS: ReadonlySet<string> = new Set(['healthz', 'metrics', 'stats', 'pods', 'spec'])

function ofVerb({ info, apply }: Asked): string[] {
  const { verb, subresource, name } = info
  const what = subresource === '' ? 'object' : 'subresource'
  switch (verb) {
    case 'list':
    case 'watch':
    case 'deletecollection':
      return [verb]
    case 'get':
    case 'create':
      return [`${verb} ${what}`]
    case 'update':
      return MADE_BY_UPDATE.has(`${info.group}/${info.resource}`) && subresource === '' && name !== ''
        ? ['update object', 'create by update']
        : [`update ${what}`]
    case 'patch':
      if (!apply) return [`patch ${what}`]
      return subresource === '' ? ['apply', 'create by apply'] : ['apply']
    case 'delete':
      return subresource === '' ? ['delete object'] : ['unknown request']
    default:
      return ['unknown request']
  }
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch'])

/** What lets somebody be, or do, what they could not before. */
function handingOutPower(asked: Asked): string[] {
  const { group, resource, subresource, verb } = asked.info
  const writes = WRITES.has(verb)
  if (group === '' && resource === 'serviceaccounts' && subresource === 'token' && writes) return ['make token']
  if (group === '' && resource === 'secrets' && subresource === '' && writes && mayBeTokenSecret(verb, asked.body)) return ['token secret']
  if (group === 'rbac.authorization.k8s.io' && ROLES.has(resource) && (writes || verb.startsWith('delete'))) return ['change roles']
  if (group !== 'certificates.k8s.io' || !writes) return []
  if (resource !== 'certificatesigningrequests' && resource !== 'podcertificaterequests') return []
  // Controllers of the cluster approve some of them by themselves, such as those of a kubelet.
  const asks = subresource === '' && verb !== 'update'
  return asks || subresource === 'approval' || subresource === 'status' ? ['approve certificate'] : []
}
