import type { ConnectorOperator, ConnectorView } from '../api/local/index.ts'
import type { ResourceConfig } from '../config/index.ts'
import type { ConnectorState, Connectors, KnownConnector } from '../connector/index.ts'
import { GatewayError } from './errors.ts'
import type { InForce } from './in-force.ts'
import type { Viewer } from './operator.ts'

export interface ConnectorOperatorParts {
  readonly inForce: InForce
  /** Absent where there is no door for connectors. */
  readonly connectors?: Pick<Connectors, 'known' | 'state' | 'offer' | 'revoke'> | undefined
}

/** Where connectors dial, as this gateway knows itself. */
export interface ConnectorDoorAddress {
  /** `https://host:port` */
  readonly url: string
  /** Whether its certificate comes from the gateway's own CA. */
  readonly ownCa: boolean
}

/** Connectors as one caller may see and change them. @param door undefined while it is not open */
export function connectorOperator(
  { inForce, connectors }: ConnectorOperatorParts,
  { name: by }: Viewer,
  door: () => ConnectorDoorAddress | undefined,
): ConnectorOperator {
  const isConfigured = (name: string) => inForce.config.connectors.some((each) => each.name === name)
  return {
    connectors: () => (connectors === undefined ? [] : views(connectors, inForce)),
    async enrolConnector(name, ttl) {
      const at = door()
      if (connectors === undefined || at === undefined) throw new GatewayError('GS_GATEWAY_NO_CONNECTORS')
      if (!isConfigured(name)) throw new GatewayError('GS_GATEWAY_NO_CONNECTOR_NAME')
      const offer = await connectors.offer(name, by, ttl)
      return { ...offer, name, gateway: at.url, ownCa: at.ownCa, targets: [...new Set(behind(inForce, name).map(targetOf))] }
    },
    async revokeConnector(id, reason) {
      if (!(await connectors?.revoke(id, by, reason))) throw new GatewayError('GS_GATEWAY_NO_CONNECTOR')
    },
  }
}

type Placed = Extract<ResourceConfig, { readonly host: string }>

/** Resources that are reached through connectors of a name. */
export function behind({ config }: InForce, name: string): readonly Placed[] {
  return config.resources.filter((resource): resource is Placed => resource.kind !== 'egress' && resource.via === name)
}

/** As an allow-list has it. */
export const targetOf = ({ host, port }: Pick<Placed, 'host' | 'port'>) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** Names in the order of the alphabet, within one those that are up first, then the newest. */
function views(connectors: NonNullable<ConnectorOperatorParts['connectors']>, inForce: InForce): readonly ConnectorView[] {
  const links = Map.groupBy(connectors.state(), ({ id }) => id)
  const known = connectors.known().map((connector) => viewOf(connector, links.get(connector.id) ?? [], resourcesOf(connector.name)))
  const nobody = inForce.config.connectors
    .filter(({ name }) => !known.some((each) => each.name === name && each.state !== 'revoked'))
    .map(({ name }): ConnectorView => ({ name, state: 'nobody', resources: resourcesOf(name), links: [] }))
  return [...known, ...nobody].sort(
    (a, b) => compare(a.name, b.name) || RANK[a.state] - RANK[b.state] || (b.enrolledAt ?? 0) - (a.enrolledAt ?? 0),
  )

  function resourcesOf(name: string): readonly string[] {
    return behind(inForce, name).map((resource) => resource.name)
  }
}

const RANK: Readonly<Record<ConnectorView['state'], number>> = { up: 0, draining: 1, down: 2, nobody: 3, revoked: 4 }
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function viewOf(connector: KnownConnector, links: readonly ConnectorState[], resources: readonly string[]): ConnectorView {
  const { id, name, how, enrolledAt, lastSeenAt, revokedAt, fingerprint } = connector
  const live = links.filter(({ draining }) => !draining)
  const shared = { ...{ name, id, enrolledAt, enrolledBy: how.by, fingerprint, resources }, links: links.map(linkOf) }
  if (revokedAt !== undefined) return { ...shared, state: 'revoked', since: revokedAt }
  if (links.length === 0) return { ...shared, state: 'down', ...(lastSeenAt !== undefined && { since: lastSeenAt }) }
  const counted = live.length > 0 ? live : links
  return { ...shared, state: live.length > 0 ? 'up' : 'draining', since: Math.min(...counted.map(({ since }) => since)) }
}

function linkOf({ version, address, since, draining, streams, bytesIn, bytesOut, rttMs }: ConnectorState) {
  return { version, address, since, draining, streams, bytesIn, bytesOut, ...(rttMs !== undefined && { rttMs }) }
}
