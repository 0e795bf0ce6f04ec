import type { ConnectorDoor } from '../api/connectors/index.ts'
import type { ListenAddress } from '../config/index.ts'
import { Throttle } from '../identity/index.ts'
import type { GatewayLog } from './log.ts'
import type { Rooms } from './rooms.ts'

/** All requests at this door, per address: a whole plant may be behind one, and all of it comes back at once when a link is healed. */
const CONNECTOR_DOOR_RATE = { burst: 400, perSecond: 50 }

/** The door that connectors dial, not listening yet; undefined where there is none. */
export async function connectorDoorOf(
  { inForce, connectors, tls }: Pick<Rooms, 'inForce' | 'connectors' | 'tls'>,
  log: GatewayLog,
): Promise<{ readonly door: ConnectorDoor; readonly address: ListenAddress } | undefined> {
  const address = inForce.config.gateway.listen.connectors
  if (address === undefined || connectors === undefined) return undefined
  // Loaded where there is such a door only.
  const { connectorDoor } = await import('../api/connectors/index.ts')
  const throttle = new Throttle(CONNECTOR_DOOR_RATE)
  return { door: connectorDoor({ connectors, names: tls.names, tls: tls.options(), throttle, logger: log }), address }
}
