import {
  type EgressResource,
  type HttpResource,
  isBehindHttps,
  type KubernetesResource,
  type McpResource,
  type ModelResource,
  type PlainHttpResource,
  type PostgresResource,
} from '../operations/index.ts'
import { ResourceError } from './errors.ts'
import type { Proxied, Resources, TargetResource } from './resources.ts'

/** Where TLS is spoken that is intercepted. */
const INTERCEPTED_PORT = 443

/** `/r/<name>`, and then its end or a slash; names are as the configuration has them. */
const named = /^\/r\/([a-z0-9][a-z0-9._-]{0,62})(?=\/|$)/

/**
 * @param configured as the configuration has them; that no two share a host or an alias, and that none has a name of the gateway's own, was checked there
 */
export function createResources(configured: readonly TargetResource[]): Resources {
  const all = configured.map(withoutCredential)
  const postgres = all.filter((resource) => resource.kind === 'postgres')
  const http = all.filter(isBehindHttps)
  const byName = new Map(all.map((resource) => [resource.name, resource]))
  const postgresByName = new Map(postgres.map((resource) => [resource.name, resource]))
  const httpByName = new Map(http.map((resource) => [resource.name, resource]))
  const postgresByHost = byHost(postgres)
  const httpByHost = byHost(http)
  const intercepted = byHost(http.filter((resource) => resource.intercept))
  const outside = byNameAndPort(all.filter((resource) => resource.kind === 'egress'))
  const byAlias = new Map(postgres.flatMap((resource) => resource.aliases.map((alias) => [alias, resource])))
  return {
    all,
    get: (name) => byName.get(name),
    postgres: (name) => postgresByName.get(name),
    select({ option, serverName, database }) {
      const optional = option === undefined ? undefined : postgresByName.get(option)
      if (option !== undefined && optional === undefined) return undefined
      const hosted = serverName === undefined ? undefined : postgresByHost.get(canonical(serverName))
      const aliased = database === undefined ? undefined : byAlias.get(database)
      const selected = new Set([optional, hosted, aliased].filter((resource) => resource !== undefined))
      if (selected.size > 1) throw new ResourceError('GS_RESOURCE_AMBIGUOUS')
      const [resource] = selected
      if (resource === undefined) return undefined
      return { resource, database: database === undefined ? undefined : (resource.databases.get(database) ?? database) }
    },
    destination({ host, port }) {
      const answered = port === INTERCEPTED_PORT ? intercepted.get(host) : undefined
      if (answered) return { intercepted: answered }
      return outside.get(`${host}:${port}`) ?? outside.get(`*${host.slice(host.indexOf('.'))}:${port}`)
    },
    route({ serverName, host, path }, own) {
      const name = canonical(host)
      if (serverName !== undefined && canonical(serverName) !== name) throw new ResourceError('GS_RESOURCE_MISDIRECTED')
      const hosted = httpByHost.get(name)
      // Clients of what is intercepted have its address in their URLs, with its path.
      if (hosted?.intercept) return isBelow(path, hosted.basePath) ? { resource: hosted, prefix: hosted.basePath } : undefined
      if (hosted) return { resource: hosted, prefix: '' }
      const [prefix, asked] = (own.has(name) && named.exec(path)) || []
      const resource = asked === undefined ? undefined : httpByName.get(asked)
      return resource && prefix !== undefined ? { resource, prefix } : undefined
    },
  }
}

const isBelow = (path: string, base: string) => (path.startsWith(base) && ['', '/'].includes(path.charAt(base.length))) || base === ''

/** By `name:port`, where the first label of the name may be a star. */
function byNameAndPort(resources: readonly EgressResource[]): ReadonlyMap<string, Proxied> {
  return new Map(
    resources.flatMap((resource) =>
      resource.hosts.flatMap(({ name, ports }) => ports.map(({ port, plain }) => [`${name}:${port}`, { resource, plain }] as const)),
    ),
  )
}

function byHost<Each extends Exclude<TargetResource, EgressResource>>(resources: readonly Each[]): ReadonlyMap<string, Each> {
  return new Map(resources.flatMap((resource) => resource.hosts.map((host) => [canonical(host), resource] as const)))
}

/** A server name is compared without case (RFC 6066 §3), and may come with the root's dot; an IPv6 address in Host has brackets. */
const canonical = (name: string): string =>
  name
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1')

/** What the rest of the house may see: a resource as configured also carries where its credential stands. */
function withoutCredential(resource: TargetResource): TargetResource {
  const { name, tags } = resource
  switch (resource.kind) {
    case 'egress': {
      const { kind, hosts, private: reachesPrivate } = resource
      return Object.freeze({ name, kind, tags, hosts, private: reachesPrivate }) satisfies EgressResource
    }
    case 'postgres': {
      const { kind, host, port, via, hosts, aliases, databases } = resource
      const way = via === undefined ? {} : { via }
      return Object.freeze({ name, kind, tags, host, port, ...way, hosts, aliases, databases }) satisfies PostgresResource
    }
    case 'kubernetes': {
      const { kind, impersonate } = resource
      return Object.freeze({ ...inHttp(resource), kind, impersonate }) satisfies KubernetesResource
    }
    case 'http': {
      const { kind } = resource
      return Object.freeze({ ...inHttp(resource), kind }) satisfies PlainHttpResource
    }
    case 'model': {
      const { kind, api, usage, prices } = resource
      return Object.freeze({ ...inHttp(resource), kind, api, usage, prices }) satisfies ModelResource
    }
    case 'mcp': {
      const { kind, pin } = resource
      return Object.freeze({ ...inHttp(resource), kind, pin }) satisfies McpResource
    }
  }
}

function inHttp({ name, tags, host, port, via, hosts, basePath, env, intercept }: HttpResource): Omit<HttpResource, 'kind'> {
  const found = { name, tags, host, port, hosts, basePath, ...(via !== undefined && { via }) }
  return { ...found, ...(env && { env }), ...(intercept !== undefined && { intercept }) }
}
