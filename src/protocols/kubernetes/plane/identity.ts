import type { Principal } from '../../../operations/index.ts'
import type { HeaderPairs, Impersonated } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'

/** Names that the cluster is told begin with it, so that nobody it knows otherwise is meant. */
const OURS = 'gatescribe:'

/** The longest that is sent as a name; bytes. */
const LONGEST = 1024

/**
 * Who the cluster is told it is: `gatescribe:<issuer>:<subject>`, in groups `gatescribe:<issuer>/<name>`.
 * @throws KubernetesError GS_K8S_IDENTITY where that cannot be said in a header
 */
export function impersonatedAs({ issuer, subject, groups }: Principal): Impersonated {
  const said = { user: `${OURS}${issuer}:${subject}`, groups: groups.map((group) => `${OURS}${group}`), extra: {} }
  for (const name of [said.user, ...said.groups]) {
    if (!isName(name)) throw new KubernetesError('GS_K8S_IDENTITY', 'The name of who asks cannot be told to the cluster.')
  }
  return said
}

/** Visible ASCII and spaces between: what Go and we read alike in a header. */
function isName(name: string): boolean {
  return name.length <= LONGEST && /^[!-~]+( +[!-~]+)*$/.test(name)
}

/**
 * Whom the client asks to be (`kubectl --as`, `--as-group`), to be said again in our own words where a rule permits it.
 * @returns undefined where it asks nothing of the kind
 * @throws KubernetesError GS_K8S_IDENTITY for users and groups of the system, and what is not carried; GS_K8S_HEADER for what only proxies of
 *   the cluster say (k8s.io/apiserver, request headers)
 */
export function claimedIdentity(headers: HeaderPairs): Impersonated | undefined {
  const users: string[] = []
  const groups: string[] = []
  for (const [written, value] of headers) {
    // Go takes `_` for nothing but itself; what stands behind us may not.
    const name = written.toLowerCase().replaceAll('_', '-')
    if (name.startsWith('x-remote-')) throw new KubernetesError('GS_K8S_HEADER', 'Only proxies of the cluster say X-Remote-….')
    if (!name.startsWith('impersonate-')) continue
    if (name === 'impersonate-user') users.push(value.trim())
    else if (name === 'impersonate-group') groups.push(value.trim())
    else
      throw new KubernetesError('GS_K8S_IDENTITY', 'Neither the UID nor anything else of somebody can be taken on, only user and groups.')
  }
  if (users.length === 0 && groups.length === 0) return undefined
  const [user] = users
  if (user === undefined || users.length > 1) throw new KubernetesError('GS_K8S_IDENTITY', 'Exactly one user has to be named.')
  for (const name of [user, ...groups]) {
    if (!isName(name)) throw new KubernetesError('GS_K8S_IDENTITY', 'That is no name of a user or group.')
    if (/^(system|gatescribe):/i.test(name)) {
      throw new KubernetesError('GS_K8S_IDENTITY', 'Nobody can be a user or group of the system, or one of the gateway.')
    }
  }
  return { user, groups, extra: {} }
}
