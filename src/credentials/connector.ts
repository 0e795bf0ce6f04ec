import { CodedError, type Dial, type Login, type TargetAddress } from '../operations/index.ts'
import { chooseCredential } from './choose.ts'
import { CredentialsError } from './errors.ts'
import type { References } from './references.ts'
import type { NamedCredential, TargetSettings, TargetTlsSettings } from './target-settings.ts'

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
   * @param session whose connection it is; absent: the gateway looks at the target for itself
   * @throws CredentialsError, or the log-in's own coded error; neither holds a secret, a role or the target's words
   */
  connect(
    resource: { readonly name: string },
    ask: Ask,
    signal: AbortSignal,
    permitted: ReadonlySet<string>,
    session?: string,
  ): Promise<Connected<Target>>
  /** The same with a credential by its name, to look at the target and not to carry anybody's operations. */
  connectAs(resource: { readonly name: string }, credential: string, ask: Ask, signal: AbortSignal): Promise<Connected<Target>>
}

/** What a stream through a connector is for; the trail has it. */
export interface DialledFor {
  readonly resource: string
  readonly session?: string
}

/** The way to an address behind the connector of that name. */
export type DialVia = (connector: string, to: { readonly host: string; readonly port: number }, of: DialledFor) => Dial

/** How a kind of credentials is followed to what opens a target. */
export interface Opening<Credential, Secret> {
  /** @throws CredentialsError that names the reference, never its value */
  secretOf(credential: Credential): Promise<OpeningSecret<Secret>>
  /** A log-in with it failed: what is kept of it may be over. */
  forget(credential: Credential): void
}

export interface OpeningSecret<Secret> {
  readonly secret: Secret
  readonly version: number
  /** PEM of a CA that came with the credential: trusted where the resource names none of its own. */
  readonly ca?: string
}

/**
 * @param parts.resource the resource as configured now; a reload may have taken it away
 * @param parts.login the protocol's log-in
 * @param parts.dialVia absent: no target is behind a connector
 */
export function connectorBy<Ask, Target, Credential extends NamedCredential, Secret>(parts: {
  readonly resource: (name: string) => TargetSettings<Credential> | undefined
  readonly login: Login<Ask, Target, Secret>
  readonly references: References
  readonly opening: Opening<Credential, Secret>
  readonly dialVia?: DialVia | undefined
}): Connector<Ask, Target> {
  const { login, references, opening, dialVia } = parts
  const configured = (name: string): TargetSettings<Credential> => {
    const resource = parts.resource(name)
    if (resource === undefined) throw new CredentialsError('GS_TARGET_GONE')
    return resource
  }
  const open = async (
    resource: TargetSettings<Credential>,
    credential: Credential | undefined,
    ask: Ask,
    signal: AbortSignal,
    session?: string,
  ) => {
    if (credential === undefined) throw new CredentialsError('GS_TARGET_CREDENTIAL_NONE')
    const { address: known, secret, version } = await resolve(resource, credential, opening, references)
    const address = resource.via === undefined ? known : behind(known, resource.via, dialVia, { resource: resource.name, session })
    signal.throwIfAborted()
    try {
      return { target: await login(address, secret, ask, signal), credential: { name: credential.as, version } }
    } catch (error) {
      // A token that a command minted may have expired early: the next connection mints another.
      opening.forget(credential)
      if (error instanceof CodedError || signal.aborted) throw error
      // A socket's or library's error may quote what it was given, so not even its text goes further.
      throw new CredentialsError('GS_TARGET_CONNECT_FAILED')
    }
  }
  return {
    async connect({ name }, ask, signal, permitted, session) {
      const resource = configured(name)
      return open(resource, chooseCredential(resource.credentials, permitted), ask, signal, session)
    },
    async connectAs({ name }, credential, ask, signal) {
      const resource = configured(name)
      const named = resource.credentials.find(({ as }) => as === credential)
      return open(resource, named, ask, signal)
    },
  }
}

/** @throws CredentialsError where nobody dials for the gateway: it would else be connected to from here, which is another place */
function behind(
  address: TargetAddress,
  connector: string,
  dialVia: DialVia | undefined,
  { resource, session }: { readonly resource: string; readonly session: string | undefined },
): TargetAddress {
  if (dialVia === undefined) throw new CredentialsError('GS_TARGET_CONNECT_FAILED')
  const { host, port } = address
  const dial = dialVia(connector, { host, port }, { resource, ...(session !== undefined && { session }) })
  return { ...address, via: { connector, dial } }
}

async function resolve<Credential extends NamedCredential, Secret>(
  { host, port, basePath, tls }: TargetSettings<Credential>,
  credential: Credential,
  opening: Opening<Credential, Secret>,
  references: References,
) {
  try {
    const { secret, version, ca } = await opening.secretOf(credential)
    const address: TargetAddress = {
      ...{ host, port, tls: await resolveTls(tls, references, ca) },
      ...(basePath !== undefined && { basePath }),
    }
    return { address, secret, version }
  } catch (error) {
    // The client hears that it is not its fault; which reference failed is the operator's to read, in the cause.
    throw new CredentialsError('GS_TARGET_CREDENTIAL_UNAVAILABLE', undefined, { cause: error })
  }
}

async function resolveTls(tls: TargetTlsSettings, references: References, given: string | undefined): Promise<TargetAddress['tls']> {
  if (tls.verify === 'off') return { verify: 'off' }
  const ca = tls.ca ? await references.material(tls.ca) : given
  return {
    verify: 'full',
    ...(ca !== undefined && { ca }),
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
  }
}
