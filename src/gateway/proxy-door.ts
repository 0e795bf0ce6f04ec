import { addressKey, loginThrottle } from '../identity/index.ts'
import type { HttpsDoor } from '../protocols/http/index.ts'
import type { ForwardProxy, Intercepting } from '../protocols/proxy/index.ts'
import type { HttpRooms } from './http-rooms.ts'
import type { GatewayLog } from './log.ts'
import { RefusedDestinations } from './refused-destinations.ts'
import type { Rooms } from './rooms.ts'

/**
 * The forward proxy, not listening yet.
 * @param ownPorts of every door of this gateway @param behind what serves what is intercepted; undefined: nothing is
 */
export async function proxyDoor(
  { credentials, inForce, interception, records, tls }: Rooms,
  { guard }: HttpRooms,
  log: GatewayLog,
  { ownPorts, behind }: { readonly ownPorts: () => ReadonlySet<number>; readonly behind: HttpsDoor | undefined },
): Promise<ForwardProxy> {
  // Loaded where there is one only.
  const { createProxy } = await import('../protocols/proxy/index.ts')
  const refused = new RefusedDestinations((run, authority) => records.egressRefused(run, authority))
  const intercepting: Intercepting | undefined = interception &&
    behind && {
      secureContext: (host) => (interception.speaksFor(host) ? interception.secureContext(host) : undefined),
      adopt: (socket, vouched) => behind.adopt(socket, vouched),
    }
  return createProxy({
    tls: tls.options(),
    authenticator: credentials.bearer('proxy'),
    throttle: loginThrottle(),
    peerOf: addressKey,
    destination: (authority) => inForce.taken.resources.destination(authority),
    guard,
    ownPorts,
    ...(intercepting && { intercepting }),
    onUnknown: ({ id }, authority) => refused.seen(id, authority),
    onRefused: ({ code, address }) => records.signinRefused('proxy', code, address),
    onForeignCredential: (address) => records.foreignCredential('proxy', address),
    log,
  })
}
