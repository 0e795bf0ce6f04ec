import { CodedError } from '../operations/index.ts'
import { chooseCredential } from './choose.ts'
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
  /**
   * @param permitted classes of effects that the rules could permit whoever is to be connected: the first credential that is for all of them is
   *   taken, and stays that of the connection whatever becomes of the rules
   * @throws CredentialsError, or the log-in's own coded error; neither holds a secret, a role or the target's words
   */
  connect(resource: { readonly name: string }, ask: Ask, signal: AbortSignal, permitted: ReadonlySet<string>): Promise<Connected<Target>>
  /** The same with a credential by its name, to look at the target and not to carry anybody's operations. */
  connectAs(resource: { readonly name: string }, credential: string, ask: Ask, signal: AbortSignal): Promise<Connected<Target>>
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
  const configured = (name: string): TargetSettings => {
    const resource = parts.resource(name)
    if (resource === undefined) throw new CredentialsError('GS_TARGET_GONE')
    return resource
  }
  const open = async (resource: TargetSettings, credential: CredentialSettings | undefined, ask: Ask, signal: AbortSignal) => {
    if (credential === undefined) throw new CredentialsError('GS_TARGET_CREDENTIAL_NONE')
    const { address, secret, version } = await resolve(resource, credential, references)
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
  }
  return {
    async connect({ name }, ask, signal, permitted) {
      const resource = configured(name)
      return open(resource, chooseCredential(resource.credentials, permitted), ask, signal)
    },
    async connectAs({ name }, credential, ask, signal) {
      const resource = configured(name)
      const named = resource.credentials.find(({ as }) => as === credential)
      return open(resource, named, ask, signal)
    },
  }
}

async function resolve(resource: TargetSettings, credential: CredentialSettings, references: References) {
  try {
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
