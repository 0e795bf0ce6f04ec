import type { CodedError, HttpResource, KubernetesResource } from '../../../operations/index.ts'
import type { Exchange, HttpAsk, HttpPlane, HttpSession, Refusable } from '../../http/index.ts'
import { Repeated } from './asked.ts'
import { carry } from './carry.ts'
import { impersonatedAs } from './identity.ts'
import { Retries } from './retries.ts'
import { speak } from './speak.ts'

export interface KubernetesPlaneOptions {
  /** What values are hashed by where a mask says so; undefined: none does. */
  readonly maskKey?: () => Promise<Uint8Array | undefined>
}

/** kubectl, Helm and every other client of an API server, through the guard. */
export function createKubernetesPlane({ maskKey = async () => undefined }: KubernetesPlaneOptions = {}): HttpPlane {
  const retries = new Retries(() => performance.now())
  const sessions = new WeakMap<HttpSession, Repeated>()
  const repeated = ({ session }: Exchange): Repeated => {
    const known = sessions.get(session) ?? new Repeated()
    sessions.set(session, known)
    return known
  }
  return {
    kind: 'kubernetes',
    resembles: ({ rawPath, headers }) =>
      /^\/(api|apis|openapi|version)(\/|$)/.test(rawPath) ||
      headers.some(([name, value]) => /^user-agent$/i.test(name) && /^(kubectl|helm)/i.test(value)),
    ask: (session: HttpSession, resource: HttpResource): HttpAsk =>
      isImpersonating(resource) ? { impersonate: impersonatedAs(session.run.principal) } : {},
    carry: (exchange: Exchange) => carry(exchange, { retries, repeated, maskKey }),
    refuse: (refusable: Refusable, error: CodedError) => void speak(refusable, error),
  }
}

function isImpersonating(resource: HttpResource): resource is KubernetesResource {
  return resource.kind === 'kubernetes' && (resource as KubernetesResource).impersonate
}
