import { KubernetesError } from '../errors.ts'

/** A path with one spelling. */
export interface CanonicalPath {
  /** As it is forwarded: begins with `/`; only what must be is encoded, in upper case. */
  readonly path: string
  /** Decoded, without empty ones. */
  readonly segments: readonly string[]
}

/** Bytes. Longer than anything that names an object: names have 253 bytes, namespaces 63. */
export const MAX_PATH = 8192

/**
 * The one spelling of a path that Go's net/url, the request information and the router of an API server read alike. Those decode once, and then
 * split at `/`: what would be a separator, a dot or an empty segment only after decoding, or once more at somebody behind them, is refused.
 *
 * @param raw begins with `/`, without the query
 * @throws KubernetesError GS_K8S_PATH
 */
export function canonicalPath(raw: string): CanonicalPath {
  if (raw.length > MAX_PATH) throw refused('it is too long')
  if (!/^\/[!-~]*$/.test(raw)) throw refused('it holds what must be encoded')
  if (/[?#\\;]/.test(raw)) throw refused('it holds ";", "\\", "?" or "#"')
  if (raw === '/') return { path: '/', segments: [] }
  const written = raw.slice(1).split('/')
  const proxied = proxiedFrom(written)
  // Clients in Python ask for `/version/`, `/api/` and `/apis/apps/v1/`. Behind proxy a slash at the end is part of what is asked for.
  const open = written.at(-1) === '' && written.length > 1
  if (open && !(isDiscovery(written.slice(0, -1)) || (proxied !== undefined && written.length > proxied)))
    throw refused('it ends in a slash')
  const segments = (open ? written.slice(0, -1) : written).map((segment, at) => decoded(segment, proxied !== undefined && at >= proxied))
  spelledAsOne(segments)
  const path = segments.map((segment) => `/${encoded(segment)}`).join('')
  return { path: open && proxied !== undefined ? `${path}/` : path, segments }
}

function refused(why: string): KubernetesError {
  return new KubernetesError('GS_K8S_PATH', `The path is not carried: ${why}.`)
}

function isDiscovery(segments: readonly string[]): boolean {
  const [first] = segments
  return (
    (first === 'version' && segments.length === 1) ||
    (first === 'api' && segments.length <= 2) ||
    (first === 'apis' && segments.length <= 3)
  )
}

/** Where what a proxy subresource is asked for begins; undefined: it is none. */
function proxiedFrom(written: readonly string[]): number | undefined {
  // api/v1/namespaces/{namespace}/(pods|services)/{name}/proxy, api/v1/nodes/{name}/proxy
  if (written[0] !== 'api') return undefined
  if (written[2] === 'namespaces' && (written[4] === 'pods' || written[4] === 'services') && written[6] === 'proxy') return 7
  return written[2] === 'nodes' && written[4] === 'proxy' ? 5 : undefined
}

/** What names may hold that is neither letter, digit, nor one of `-._~`: RBAC has colons, others follow Go's net/url. */
const PLAIN = /^[A-Za-z0-9\-._~$&+,:=@]+$/

/** @param free behind proxy: whatever can be said without another meaning */
function decoded(segment: string, free: boolean): string {
  let text: string
  try {
    text = decodeURIComponent(segment)
  } catch {
    throw refused('it is not encoded in UTF-8')
  }
  if (text === '') throw refused('it has an empty segment')
  if (text === '.' || text === '..') throw refused('it has a dot segment')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/[/\\%;\u0000-\u001f\u007f-\u009f]/.test(text)) throw refused('it hides a separator, a control character or another encoding')
  if (!free && !PLAIN.test(text)) throw refused('it holds characters that no name has')
  return text
}

/** Names are kept apart by case, but nothing of the API is written in upper case: what looks like it must not pass for something else. */
function spelledAsOne(segments: readonly string[]): void {
  const first = segments[0] as string
  const known = first.toLowerCase()
  if (known !== first && FIRST.has(known)) throw refused('it is not written in lower case')
}

const FIRST: ReadonlySet<string> = new Set(['api', 'apis', 'openapi', 'version', 'healthz', 'livez', 'readyz', 'metrics', 'logs', 'debug'])

/** As Go's net/url writes a path. */
function encoded(segment: string): string {
  return encodeURIComponent(segment)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|2C|3A|3D|40)/g, (written) => decodeURIComponent(written))
}
