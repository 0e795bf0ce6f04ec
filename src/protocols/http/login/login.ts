import type { HttpCredential, HttpSecret, Login, TargetAddress } from '../../../operations/index.ts'
import type { HttpAsk, HttpTarget } from '../target.ts'
import { createOpener, type Opener } from './connect.ts'
import { ConnectedTarget } from './http-target.ts'

/** What `credentials/` opens an HTTP target with. */
export type HttpLogin = Login<HttpAsk, HttpTarget, HttpSecret>

/** So many targets' connectors are remembered, each with its trust parsed; the longest unused is forgotten. */
const REMEMBERED = 256

/** One host name may be two machines behind two connectors. */
const keyOf = ({ host, port, tls, via }: TargetAddress): string => JSON.stringify([host, port, tls, via?.connector])

/**
 * Logs in at targets that are spoken to in HTTP. There is no log-in as such: the credential goes with each request. What cannot be reached or trusted
 * shows at the first one; a credential that cannot be had shows here.
 */
export function createHttpLogin(): HttpLogin {
  const connectors = new Map<string, Opener>()
  const plain = (address: TargetAddress): Opener => {
    const key = keyOf(address)
    const connector = connectors.get(key) ?? createOpener(address, undefined)
    // Order of insertion is order of use.
    connectors.delete(key)
    connectors.set(key, connector)
    if (connectors.size > REMEMBERED) connectors.delete(connectors.keys().next().value!)
    return connector
  }
  /** A client key is kept for as long as what it was read from is. */
  const withKey = new WeakMap<HttpCredential, Map<string, Opener>>()
  const connector = (address: TargetAddress, credential: HttpCredential): Opener => {
    if (!credential.clientCertificate) return plain(address)
    const key = keyOf(address)
    const known = withKey.get(credential) ?? new Map<string, Opener>()
    withKey.set(credential, known)
    const made = known.get(key) ?? createOpener(address, credential.clientCertificate)
    known.set(key, made)
    return made
  }
  return async (address, secret, ask, signal) => {
    signal.throwIfAborted()
    await secret.current()
    return new ConnectedTarget({ address, secret, ask, connector: (credential) => connector(address, credential) })
  }
}
