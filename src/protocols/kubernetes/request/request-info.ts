import { KubernetesError } from '../errors.ts'
import { type CanonicalQuery, isOn } from './canonical-query.ts'
import { exactValue } from './field-selector.ts'

/** Methods that an API server routes. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const VERBS: Readonly<Record<Method, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** @throws KubernetesError GS_K8S_METHOD */
export function methodOf(written: string): Method {
  if (!Object.hasOwn(VERBS, written)) throw new KubernetesError('GS_K8S_METHOD')
  return written as Method
}

/** What an API server computes of a request before it authorizes it (k8s.io/apiserver, endpoints/request). `''` is none. */
export interface RequestInfo {
  readonly isResource: boolean
  /** Of what is no resource: the method in lower case. */
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** Segments behind the subresource: proxies pass them on, nothing else has any. */
  readonly rest: readonly string[]
  /** Whether the verb stands in the path: `/watch/`, and once `/proxy/`. */
  readonly verbInPath: boolean
}

const NOTHING = { group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: [], verbInPath: false } as const

/** What stands behind a namespace and is not the kind of an object in it. */
const OF_NAMESPACES: ReadonlySet<string> = new Set(['status', 'finalize'])

/**
 * @param segments of the canonical path
 * @throws KubernetesError GS_K8S_PATH, GS_K8S_QUERY where the API server itself would not know, or names are not written as they are
 */
export function requestInfo(method: Method, segments: readonly string[], values: CanonicalQuery['values']): RequestInfo {
  const [prefix] = segments
  const grouped = prefix === 'apis'
  if ((prefix !== 'api' && !grouped) || segments.length < (grouped ? 4 : 3)) {
    return { isResource: false, verb: method.toLowerCase(), ...NOTHING }
  }
  const group = grouped ? (segments[1] as string) : ''
  const version = segments[grouped ? 2 : 1] as string
  let parts = segments.slice(grouped ? 3 : 2)
  let verb = VERBS[method]
  const verbInPath = parts[0] === 'watch' || parts[0] === 'proxy'
  if (verbInPath) {
    if (parts.length < 2) throw unclear('it names a verb and nothing to do it with')
    verb = parts[0] as string
    parts = parts.slice(1)
    if (method !== 'GET' && method !== 'HEAD' && verb === 'watch') throw unclear('what is watched is read')
  }
  let namespace = ''
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1] as string
    if (parts.length > 2 && !OF_NAMESPACES.has(parts[2] as string)) parts = parts.slice(2)
  }
  const [resource = '', name = '', behind = ''] = parts
  const subresource = verb === 'proxy' ? '' : behind
  const named = { group, version, namespace, resource, subresource }
  writtenAsNames(named)
  const info = { isResource: true, ...named, name, rest: parts.slice(3), verbInPath }
  if (name !== '') return { ...info, verb }
  if (verb === 'delete') return { ...info, verb: 'deletecollection' }
  return verb === 'get' ? { ...info, ...ofMany(values) } : { ...info, verb }
}

/** Without a name it is a list or a watch; a selector that wants one name exactly gives it that name. */
function ofMany(values: CanonicalQuery['values']): { readonly verb: string; readonly name: string } {
  for (const number of ['limit', 'timeoutSeconds']) {
    const [value] = values.get(number) ?? []
    // The server would read none of the options then, and name nothing.
    if (value !== undefined && !isInt64(value)) {
      throw new KubernetesError('GS_K8S_QUERY', `The query is not carried: "${number}" is not a number.`)
    }
  }
  const name = exactValue(values.get('fieldSelector')?.[0] ?? '', 'metadata.name')
  return { verb: isOn(values, 'watch') ? 'watch' : 'list', name: name === undefined || !isPathSegment(name) ? '' : name }
}

/** As Go's strconv.ParseInt reads one. */
function isInt64(text: string): boolean {
  if (!/^[+-]?\d{1,30}$/.test(text)) return false
  const number = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return number === BigInt.asIntN(64, number)
}

function isPathSegment(name: string): boolean {
  return name !== '.' && name !== '..' && !/[/%]/.test(name)
}

function unclear(why: string): KubernetesError {
  return new KubernetesError('GS_K8S_PATH', `The path is not carried: ${why}.`)
}

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** All but names of objects are DNS names in lower case (RFC 1123): nothing else exists there, and nothing may look like what does. */
function writtenAsNames(info: Pick<RequestInfo, 'group' | 'version' | 'namespace' | 'resource' | 'subresource'>): void {
  const { group, version, namespace, resource, subresource } = info
  if (!LABEL.test(version)) throw unclear('its version is not one')
  for (const [name, what] of [
    [group, 'group'],
    [resource, 'resource'],
    [subresource, 'subresource'],
  ] as const) {
    if (name !== '' && (name.length > 253 || !SUBDOMAIN.test(name))) throw unclear(`its ${what} is not a name in lower case`)
  }
  if (namespace !== '' && !LABEL.test(namespace)) throw unclear('its namespace is not a name in lower case')
}
