import type { Facts, Json, KubernetesFacts } from '../../../operations/index.ts'
import { canonicalPath } from './canonical-path.ts'
import { type CanonicalQuery, canonicalQuery, isOn } from './canonical-query.ts'
import { dryRunOf, type KnownBody } from './dry-run.ts'
import { channelOf, effectsOf } from './effects.ts'
import { fieldManagerOf } from './field-manager.ts'
import { type BodyForm, bodyForm, nothingTwice, onceHeader } from './media-type.ts'
import { type Method, methodOf, type RequestInfo, requestInfo } from './request-info.ts'

/** A request as the door hands it on. */
export interface RawRequest {
  readonly method: string
  /** Without the query. */
  readonly rawPath: string
  readonly rawQuery: string | undefined
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Whether it wants another protocol on its connection. */
  readonly upgrade: boolean
}

/** What is known of a request before its body is read. */
export interface RequestTarget {
  readonly method: Method
  /** Canonical. */
  readonly path: string
  /** Canonical, without the question mark; `''` where there is none. */
  readonly query: string
  /** Both, as they are forwarded. */
  readonly target: string
  readonly values: CanonicalQuery['values']
  readonly info: RequestInfo
  readonly upgrade: boolean
  readonly form: BodyForm
  /** The channel that it opens; `''` where it opens none. */
  readonly channel: '' | 'exec' | 'attach' | 'portforward'
  /** Whether it is passed on to something that is not the API server. */
  readonly proxied: boolean
  /** Who owns the fields that it writes. */
  readonly manager: string
}

/**
 * Reads a request as the API server does, or not at all.
 * @throws KubernetesError GS_K8S_METHOD, GS_K8S_PATH, GS_K8S_QUERY, GS_K8S_HEADER
 */
export function readTarget(raw: RawRequest): RequestTarget {
  const method = methodOf(raw.method)
  nothingTwice(raw.headers)
  const { path, segments } = canonicalPath(raw.rawPath)
  const named = requestInfo(method, segments, NONE)
  const kind = channelOf(named)
  const { query, values } = canonicalQuery(raw.rawQuery, repeatable(kind))
  const info = requestInfo(method, segments, values)
  return {
    ...{ method, path, query, target: query === '' ? path : `${path}?${query}`, values, info, upgrade: raw.upgrade },
    form: bodyForm(onceHeader(raw.headers, 'content-type')),
    channel: info.rest.length > 0 ? '' : (CHANNELS[kind] ?? ''),
    proxied: kind.endsWith('/proxy'),
    manager: fieldManagerOf(values.get('fieldManager')?.[0], onceHeader(raw.headers, 'user-agent')),
  }
}

const NONE: CanonicalQuery['values'] = new Map()

const CHANNELS: Readonly<Record<string, RequestTarget['channel']>> = {
  'pods/exec': 'exec',
  'pods/attach': 'attach',
  'pods/portforward': 'portforward',
}

/** Lists: the arguments of a command, ports; what is behind a proxy reads its query as it likes. */
function repeatable(kind: string): (name: string) => boolean {
  if (kind === 'pods/exec') return (name) => name === 'command'
  if (kind === 'pods/portforward') return (name) => name === 'ports'
  return () => kind.endsWith('/proxy')
}

/** Somebody else. */
export interface ClaimedIdentity {
  readonly user: string
  readonly groups: readonly string[]
}

/**
 * The facts of a request.
 * @param body what it says: not known (undefined), not there (`none`), or this
 * @param identity as whom it wants to be done; undefined: as whoever asks
 */
export function factsOf(request: RequestTarget, body: KnownBody, identity?: ClaimedIdentity): Facts {
  const { method, path, info, upgrade, form } = request
  const read = body === undefined || body === 'none' ? undefined : body.read
  const impersonates = identity !== undefined
  const effects = effectsOf({ method, info, path, upgrade, impersonates, apply: APPLIES.has(form), body: read })
  return { effects, k8s: kubernetesFacts(request, body, read, identity) }
}

function kubernetesFacts(
  request: RequestTarget,
  body: KnownBody,
  read: Json | undefined,
  identity: ClaimedIdentity | undefined,
): KubernetesFacts {
  const { info, values, channel, form, path } = request
  const dryRun = dryRunOf(info, values, body)
  const first = (name: string) => values.get(name)?.[0] ?? ''
  const writes = info.isResource && WRITES.has(info.verb)
  const inContainer = channel === 'exec' || channel === 'attach' || channelOf(info) === 'pods/log'
  const { group, version, resource, subresource, namespace, name } = info
  return {
    // A channel is opened with GET too, where it is a WebSocket: that is still the making of something.
    verb: channel === '' ? info.verb : 'create',
    ...{ group, version, resource, subresource, namespace, name },
    path: info.isResource ? '' : path,
    command: channel === 'exec' ? (values.get('command') ?? []) : [],
    container: inContainer ? first('container') : '',
    stdin: (channel === 'exec' || channel === 'attach') && isOn(values, 'stdin'),
    ...{ asUser: identity?.user ?? '', asGroups: identity?.groups ?? [] },
    ...(dryRun !== undefined && { dryRun }),
    fieldManager: writes ? request.manager : '',
    labelSelector: first('labelSelector'),
    fieldSelector: first('fieldSelector'),
    ...(writes && read !== undefined && content(info.verb, form, read)),
  }
}

/** Server-side apply makes an object where none is; so may a patch in a form that is not known. */
const APPLIES: ReadonlySet<BodyForm> = new Set(['apply', 'apply-cbor', 'unknown'])

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch'])

const PATCHES: Partial<Readonly<Record<BodyForm, 'json' | 'merge' | 'strategic' | 'apply'>>> = {
  'json-patch': 'json',
  'merge-patch': 'merge',
  'strategic-merge-patch': 'strategic',
  apply: 'apply',
}

function content(verb: string, form: BodyForm, read: Json): Pick<KubernetesFacts, 'object' | 'patch'> {
  const type = PATCHES[form]
  if (verb === 'patch') return type === undefined ? {} : { patch: { type, content: read } }
  return type === undefined ? { object: read } : {}
}
