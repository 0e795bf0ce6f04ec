import { isIP } from 'node:net'
import { isBehindHttps } from '../../operations/index.ts'
import { isLoopback } from '../address.ts'
import { type HttpAddress, type HttpResourceDocument, httpAddressOf, knownBy, UnusableKubeconfig } from '../http-address.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, inconsistent } from './check.ts'
import { readableAtConnector } from './resources.ts'

/** Where targets in HTTP are, as they say it or a kubeconfig does, which is opened for it. */
export const checkHttpTargets: Check = function* ({ gateway, resources }, { folder }) {
  for (const [index, resource] of resources.entries()) if (isBehindHttps(resource)) yield* httpTarget(resource, index, folder)
  const first = resources.findIndex(isBehindHttps)
  if (first !== -1 && gateway.listen.https === undefined)
    yield inconsistent(
      ['resources', first, 'kind'],
      'Resources of this kind are reached at the https door, and there is none.',
      'Write for example https: 0.0.0.0:8443 under gateway.listen.',
    )
}

function* httpTarget(resource: HttpResourceDocument, index: number, folder: string): Iterable<Finding> {
  const path = ['resources', index]
  let address: HttpAddress | undefined
  try {
    address = httpAddressOf(resource, folder)
    if (resource.kind === 'kubernetes' && resource.address === undefined) yield* elsewhere(resource.credentials, address, path, folder)
  } catch (error) {
    if (!(error instanceof UnusableKubeconfig)) throw error
    yield { code: 'GS_CONFIG_WRONG_VALUE', path: [...path, 'credentials'], message: error.message, next: error.next }
    return
  }
  if (address === undefined)
    yield inconsistent(
      [...path, 'credentials'],
      'Nothing says where this cluster is.',
      'Give the resource an address, https://10.0.0.1:6443 for example; a kubeconfig or inCluster: true would say it too.',
    )
  else if (address.port === 0 || address.port > 65_535 || (address.host.includes(':') && isIP(address.host) !== 6))
    yield {
      code: 'GS_CONFIG_WRONG_VALUE',
      path: [...path, 'address'],
      message: 'This address is impossible: ports end at 65535, and IPv6 addresses stand in brackets.',
      next: 'Write for example https://10.0.0.1:6443.',
    }
  else if (!address.secure) yield* plaintext(resource, address, path)
}

/** Every request carries what opens the target. */
function* plaintext({ via, tls }: HttpResourceDocument, { host }: HttpAddress, path: Path): Iterable<Finding> {
  if (via !== undefined) yield readableAtConnector([...path, 'via'], 'Give the target TLS, and write https://.')
  else if (!isLoopback(host))
    yield inconsistent(
      [...path, 'address'],
      'The credential of this resource would travel in plaintext with every request.',
      'Write https://; plaintext is only for loopback.',
    )
  if (tls !== undefined)
    yield inconsistent([...path, 'tls'], 'At http:// there is no TLS, so this means nothing.', 'Write https://, or remove it.')
}

/** Credentials of one resource open one place. */
function* elsewhere(
  credentials: Extract<HttpResourceDocument, { kind: 'kubernetes' }>['credentials'],
  first: HttpAddress | undefined,
  path: Path,
  folder: string,
): Iterable<Finding> {
  for (const [at, credential] of credentials.entries()) {
    const known = knownBy(credential, folder)
    if (known === undefined || first === undefined || JSON.stringify(known) === JSON.stringify(first)) continue
    yield inconsistent(
      [...path, 'credentials', at],
      'This credential says that the cluster is elsewhere than the one before it does.',
      'Make two resources of it, or give the resource an address.',
    )
  }
}
