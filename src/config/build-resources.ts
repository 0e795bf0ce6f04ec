import { resolve } from 'node:path'
import type {
  CredentialProgram,
  CredentialSettings,
  HttpCredentialSettings,
  HttpOpening,
  Reference,
  TargetTlsSettings,
} from '../credentials/index.ts'
import type { EgressHost, EgressResource, ModelApi, PortUse } from '../operations/index.ts'
import { parseAddress } from './address.ts'
import type { HttpResourceConfig, PostgresResourceConfig, ResourceConfig } from './config.ts'
import { coveredClasses } from './covered-classes.ts'
import { type HttpAddress, type HttpResourceDocument, httpAddressOf } from './http-address.ts'
import { present } from './present.ts'
import { reference } from './reference.ts'
import type { Document } from './schema/document.ts'

type Resource = Document['resources'][number]
type Of<Kind extends Resource['kind']> = Extract<Resource, { kind: Kind }>

/**
 * @param folder what relative paths start from
 * @throws UnusableKubeconfig
 */
export function buildResource(resource: Resource, folder: string): ResourceConfig {
  if (resource.kind === 'postgres') return postgresResource(resource, folder)
  return resource.kind === 'egress' ? egressResource(resource) : httpResource(resource, folder)
}

function postgresResource(resource: Of<'postgres'>, folder: string): PostgresResourceConfig {
  const address = parseAddress(resource.address)
  if (address === undefined) throw new TypeError('an address that the checks let through')
  return {
    kind: 'postgres',
    name: resource.name,
    ...address,
    ...(resource.via !== undefined && { via: resource.via }),
    hosts: lowerCase(resource.hosts),
    aliases: resource.aliases ?? [],
    databases: new Map(Object.entries(resource.databases ?? {})),
    tls: resource.tls?.verify === 'off' ? { verify: 'off' } : verified(resource.tls, folder),
    credentials: resource.credentials.map((credential) => userCredential(credential, folder)),
    tags: resource.tags ?? [],
  }
}

function httpResource(resource: HttpResourceDocument, folder: string): HttpResourceConfig {
  const address = httpAddressOf(resource, folder)
  if (address === undefined) throw new TypeError('a resource without an address that the checks let through')
  const { host, port, basePath } = address
  const shared = {
    ...{ name: resource.name, host, port, basePath, hosts: lowerCase(resource.hosts), tags: resource.tags ?? [] },
    ...(resource.via !== undefined && { via: resource.via }),
    tls: httpTls(resource.tls, address, folder),
  }
  if (resource.kind === 'kubernetes')
    return {
      kind: 'kubernetes',
      ...shared,
      credentials: resource.credentials.map((credential) => kubernetesCredential(credential, folder)),
      impersonate: resource.impersonate ?? false,
    }
  const { kind, env, intercept } = resource
  const found = { ...shared, ...(env && { env: present(env) }), ...(intercept !== undefined && { intercept }) }
  const credentials = resource.credentials.map((credential) => ({
    as: credential.as,
    ...(credential.for && { for: coveredClasses(kind, credential.for) }),
    opens: opening('api' in resource ? inItsSlot(credential, resource.api) : credential, folder),
  }))
  if (kind === 'http') return { kind, ...found, credentials }
  if (kind === 'mcp') return { kind, ...found, credentials, pin: resource.pin ?? 'required' }
  const prices = new Map(Object.entries(resource.prices ?? {}).map(([model, price]) => [model, present(price)]))
  return { kind, ...found, credentials, api: resource.api, usage: resource.usage ?? 'ask', prices }
}

/** The header that each API has its key in. */
const KEY_HEADER = { anthropic: 'x-api-key', 'azure-openai': 'api-key' } as const

function inItsSlot({ apiKey, ...rest }: Of<'model'>['credentials'][number], api: ModelApi): Opens {
  if (apiKey === undefined) return rest
  return api === 'openai' ? { ...rest, bearer: apiKey } : { ...rest, header: { name: KEY_HEADER[api], value: apiKey } }
}

const TLS_PORT = 443

function egressResource({ name, hosts, private: reachesPrivate = false, tags = [] }: Of<'egress'>): EgressResource {
  return { kind: 'egress', name, hosts: egressHosts(hosts), private: reachesPrivate, tags }
}

/** @param written `github.com`, `*.github.com:8443`, `git.internal:22/plain` */
export function egressHosts(written: readonly string[]): readonly EgressHost[] {
  const ports = new Map<string, PortUse[]>()
  for (const host of written) {
    const [, name = '', port, plain] = /^([^:]+)(?::(\d+)(\/plain)?)?$/.exec(host) ?? []
    const at = ports.get(name.toLowerCase()) ?? []
    at.push({ port: port === undefined ? TLS_PORT : Number(port), plain: plain !== undefined })
    ports.set(name.toLowerCase(), at)
  }
  return [...ports].map(([name, used]) => ({ name, ports: used }))
}

const lowerCase = (hosts: readonly string[] | undefined) => (hosts ?? []).map((host) => host.toLowerCase())

type Tls = { readonly ca?: string | undefined; readonly serverName?: string | undefined }

function verified({ ca, serverName }: Tls = {}, folder: string): TargetTlsSettings {
  return { verify: 'full', ...(ca !== undefined && { ca: reference(ca, folder) }), ...(serverName !== undefined && { serverName }) }
}

function httpTls(tls: Tls | undefined, { secure, serverName }: HttpAddress, folder: string): TargetTlsSettings {
  return secure ? verified({ serverName, ...tls }, folder) : { verify: 'off' }
}

function userCredential(credential: Of<'postgres'>['credentials'][number], folder: string): CredentialSettings {
  const { as, user, for: covered, password } = credential
  return {
    as,
    user,
    ...(covered && { for: coveredClasses('postgres', covered) }),
    ...(password !== undefined && { password: reference(password, folder) }),
    ...certified(credential, folder),
  }
}

type Opens = Omit<Of<'http'>['credentials'][number], 'as' | 'for'>

function opening({ bearer, basic, header, none, ...rest }: Opens, folder: string): HttpOpening {
  if (none) return { by: 'none' }
  if (bearer !== undefined) return { by: 'bearer', token: reference(bearer, folder) }
  if (basic) return { by: 'basic', user: basic.user, password: reference(basic.password, folder) }
  if (header) return { by: 'header', name: header.name, value: reference(header.value, folder) }
  return byCertificate(rest, folder)
}

function kubernetesCredential(credential: Of<'kubernetes'>['credentials'][number], folder: string): HttpCredentialSettings {
  const { as, for: covered } = credential
  return { as, ...(covered && { for: coveredClasses('kubernetes', covered) }), opens: clusterOpening(credential, folder) }
}

function clusterOpening(
  { token, exec, kubeconfig, inCluster, ...rest }: Of<'kubernetes'>['credentials'][number],
  folder: string,
): HttpOpening {
  if (token !== undefined) return { by: 'bearer', token: reference(token, folder) }
  if (inCluster) return { by: 'in-cluster' }
  if (exec) return { by: 'exec', program: program(exec, folder) }
  if (kubeconfig) {
    const { file, context } = kubeconfig
    return { by: 'kubeconfig', path: resolve(folder, file), ...(context !== undefined && { context }) }
  }
  return byCertificate(rest, folder)
}

/** What is written as a reference to a secret is one. */
const isReference = /^(env|file|command|secret):/

function program(
  { apiVersion, command, args, env }: NonNullable<Of<'kubernetes'>['credentials'][number]['exec']>,
  folder: string,
): CredentialProgram {
  const followed = (text: string): string | Reference => (isReference.test(text) ? reference(text, folder) : text)
  return {
    apiVersion: apiVersion ?? 'client.authentication.k8s.io/v1',
    command,
    arguments: args ?? [],
    env: Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, followed(value)])),
  }
}

type Certified = { readonly certificate?: string | undefined; readonly key?: string | undefined }

function certified({ certificate, key }: Certified, folder: string): Pick<CredentialSettings, 'clientCertificate'> {
  if (certificate === undefined || key === undefined) return {}
  return { clientCertificate: { certificate: reference(certificate, folder), key: reference(key, folder) } }
}

function byCertificate(credential: Certified, folder: string): HttpOpening {
  const { clientCertificate } = certified(credential, folder)
  if (clientCertificate === undefined) throw new TypeError('a credential that the schema let through')
  return { by: 'certificate', clientCertificate }
}
