import type { Login, TargetSecret } from '../operations/index.ts'
import { type Connector, connectorBy, type DialVia, type Opening } from './connector.ts'
import type { Reference } from './reference.ts'
import type { References } from './references.ts'
import type { CredentialSettings, TargetSettings } from './target-settings.ts'

/**
 * Connections to targets that are logged in to once, with a user and what proves it.
 *
 * @param parts.resource the resource as configured now; a reload may have taken it away
 * @param parts.login the protocol's log-in
 * @param parts.dialVia absent: no target is behind a connector
 */
export function createConnector<Ask, Target>(parts: {
  readonly resource: (name: string) => TargetSettings | undefined
  readonly login: Login<Ask, Target>
  readonly references: References
  readonly dialVia?: DialVia | undefined
}): Connector<Ask, Target> {
  return connectorBy({ ...parts, opening: userOpening(parts.references) })
}

function userOpening(references: References): Opening<CredentialSettings, TargetSecret> {
  return {
    async secretOf({ user, password: reference, clientCertificate }) {
      const [password, certificate, key] = await Promise.all([
        reference && references.secret(reference),
        clientCertificate && references.material(clientCertificate.certificate),
        clientCertificate && references.secret(clientCertificate.key),
      ])
      const secret: TargetSecret = {
        user,
        ...(password && { password: password.secret.reveal() }),
        ...(certificate !== undefined && key && { clientCertificate: { certificate, key: key.secret.reveal() } }),
      }
      return { secret, version: Math.max(password?.version ?? 0, key?.version ?? 0) }
    },
    forget(credential) {
      for (const reference of referencesOf(credential)) references.forget(reference)
    },
  }
}

function referencesOf({ password, clientCertificate }: CredentialSettings): readonly Reference[] {
  return [password, clientCertificate?.certificate, clientCertificate?.key].filter((reference) => reference !== undefined)
}
