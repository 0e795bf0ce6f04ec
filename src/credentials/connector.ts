import { CodedError } from '../operations/index.ts'
import { CredentialsError } from './errors.ts'
import type { Login, TargetAddress, TargetSecret } from './login.ts'
import type { Reference } from './reference.ts'
import type { References } from './references.ts'
import type { CredentialSettings, TargetSettings, TargetTlsSettings } from './target-settings.ts'

/** A logged-in connection, and which credential opened it: what the trail records instead of the secret. */
export interface Connected<Target> {
  readonly target: Target
  readonly credential: {
    readonly name: string
    /** The sealed store's version; 0 where the secret stands outside the gateway, or where there is none. */
    readonly version: number
  }
}

/** Hands out secrets only as logged-in connections. */
export interface Connector<Ask, Target> {
  /** @throws CredentialsError, or the log-in's own coded error; neither holds a secret, a role or the target's words */
  connect(resource: { readonly name: string }, ask: Ask, signal: AbortSignal): Promise<Connected<Target>>
}

/**
 * @param parts.resource the resource as configured now; a reload may have taken it away
 * @param parts.login the protocol's log-in
 */
export function createConnector<Ask, Target>(parts: {
  readonly resource: (name: string) => TargetSettings | undefined
  readonly login: Login<Ask, Target>
  readonly references: References
}): Connector<Ask, Target> {
  const { login, references } = parts
  return {
    async connect({ name }, ask, signal) {
      const resource = parts.resource(name)
      if (resource === undefined) throw new CredentialsError('GS_TARGET_GONE')
      const { credential } = resource
      const { address, secret, version } = await resolve(resource, references)
      signal.throwIfAborted()
      try {
        return { target: await login(address, secret, ask, signal), credential: { name: credential.as, version } }
      } catch (error) {
        // A token that a command minted may have expired early: the next connection mints another.
        for (const reference of referencesOf(credential)) references.forget(reference)
        if (error instanceof CodedError || signal.aborted) throw error
        // A socket's or library's error may quote what it was given, so not even its text goes further.
        throw new CredentialsError('GS_TARGET_CONNECT_FAILED')
      }
    },
  }
}

async function resolve(resource: TargetSettings, references: References) {
  try {
    const { credential } = resource
    const [tls, password, certificate, key] = await Promise.all([
      resolveTls(resource.tls, references),
      credential.password && references.secret(credential.password),
      credential.clientCertificate && references.material(credential.clientCertificate.certificate),
      credential.clientCertificate && references.secret(credential.clientCertificate.key),
    ])
    const address: TargetAddress = { host: resource.host, port: resource.port, tls }
    const secret: TargetSecret = {
      user: credential.user,
      ...(password && { password: password.secret.reveal() }),
      ...(certificate !== undefined && key && { clientCertificate: { certificate, key: key.secret.reveal() } }),
    }
    return { address, secret, version: Math.max(password?.version ?? 0, key?.version ?? 0) }
  } catch (error) {
    // The client hears that it is not its fault; which reference failed is the operator's to read, in the cause.
    throw new CredentialsError('GS_TARGET_CREDENTIAL_UNAVAILABLE', undefined, { cause: error })
  }
}

async function resolveTls(tls: TargetTlsSettings, references: References): Promise<TargetAddress['tls']> {
  if (tls.verify === 'off') return { verify: 'off' }
  return {
    verify: 'full',
    ...(tls.ca && { ca: await references.material(tls.ca) }),
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
  }
}

function referencesOf({ password, clientCertificate }: CredentialSettings): readonly Reference[] {
  return [password, clientCertificate?.certificate, clientCertificate?.key].filter((reference) => reference !== undefined)
}
