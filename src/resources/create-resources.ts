import type { PostgresResource } from '../operations/index.ts'
import { ResourceError } from './errors.ts'
import type { Resources } from './resources.ts'

/**
 * @param configured as the configuration has them; that no two share a host or an alias, and that none has a name of the gateway's own, was checked there
 */
export function createResources(configured: readonly PostgresResource[]): Resources {
  const all = configured.map(withoutCredential)
  const byName = new Map(all.map((resource) => [resource.name, resource]))
  const byHost = new Map(all.flatMap((resource) => resource.hosts.map((host) => [host.toLowerCase(), resource])))
  const byAlias = new Map(all.flatMap((resource) => resource.aliases.map((alias) => [alias, resource])))
  return {
    all,
    get: (name) => byName.get(name),
    select({ option, serverName, database }) {
      const named = option === undefined ? undefined : byName.get(option)
      if (option !== undefined && named === undefined) return undefined
      // A server name is compared without case (RFC 6066 §3), and may come with the root's dot.
      const hosted = serverName === undefined ? undefined : byHost.get(serverName.toLowerCase().replace(/\.$/, ''))
      const aliased = database === undefined ? undefined : byAlias.get(database)
      const selected = new Set([named, hosted, aliased].filter((resource) => resource !== undefined))
      if (selected.size > 1) throw new ResourceError('GS_RESOURCE_AMBIGUOUS')
      const [resource] = selected
      if (resource === undefined) return undefined
      return { resource, database: database === undefined ? undefined : (resource.databases.get(database) ?? database) }
    },
  }
}

/** What the rest of the house may see: a resource as configured also carries where its credential stands. */
function withoutCredential({ name, kind, tags, host, port, hosts, aliases, databases }: PostgresResource): PostgresResource {
  return Object.freeze({ name, kind, tags, host, port, hosts, aliases, databases })
}
