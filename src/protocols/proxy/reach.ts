import { connect, isIP, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isSameAddress, kindOf } from './addresses.ts'
import { ProxyError } from './errors.ts'
import type { Authority } from './read-connect.ts'
import type { Resolve } from './resolver.ts'

/** What the proxy needs to know of where it stands. */
export interface Surroundings {
  /** Ports of the gateway's own doors: nothing is carried back to them. */
  readonly ownPorts: () => ReadonlySet<number>
  /** All addresses of a name. @throws where there are none */
  readonly resolve: Resolve
}

/** For the answer of the resolver, ms. */
const RESOLVE_MS = 5_000
/** For one address to take the connection, and for all of them, ms. */
const [DIAL_MS, ALL_MS] = [5_000, 12_000]
/** Addresses that are tried of one name. */
const MOST_TRIED = 4

/**
 * The addresses of a name, once, all of which may be reached: where one may not, none is, for names that lead to both are made so.
 *
 * @param reachesPrivate whether the resource says that its names may stand for private addresses
 * @throws ProxyError
 */
export async function addressesOf(
  { host, port }: Authority,
  reachesPrivate: boolean,
  { ownPorts, resolve }: Surroundings,
): Promise<readonly string[]> {
  const addresses = isIP(host) === 0 ? await resolved(host, resolve) : [host]
  for (const address of addresses) {
    const kind = kindOf(address)
    // What hands out credentials is reached by its address alone, where that is configured.
    const fits = kind === 'public' || (reachesPrivate && (kind === 'private' || isIP(host) !== 0))
    if (!fits || (ownPorts().has(port) && isOwn(address))) throw new ProxyError('GS_PROXY_ADDRESS_REFUSED')
  }
  return addresses
}

async function resolved(host: string, resolve: Resolve): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), RESOLVE_MS)
  })
  try {
    const addresses = await Promise.race([resolve(host), late])
    if (addresses.length > 0) return addresses
  } catch {
    // Why the resolver knows none is nothing that helps a client.
  } finally {
    clearTimeout(timer)
  }
  throw new ProxyError('GS_PROXY_NAME_UNRESOLVED')
}

/** Whether an address is one of this machine. */
const isOwn = (address: string): boolean =>
  /^(127\.|0\.|::1?$)/.test(address) ||
  /^::ffff:(127|0)\./i.test(address) ||
  Object.values(networkInterfaces()).some((all) => all?.some((own) => isSameAddress(own.address, address)))

/**
 * A connection to one of the addresses that were looked at, in their order.
 * @throws ProxyError GS_PROXY_UNREACHABLE, or the signal's reason
 */
export async function dial(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
  const until = performance.now() + ALL_MS
  for (const address of addresses.slice(0, MOST_TRIED)) {
    const left = Math.min(DIAL_MS, until - performance.now())
    if (left <= 0) break
    const socket = await one(address, port, left, signal)
    signal.throwIfAborted()
    if (socket) return socket
  }
  throw new ProxyError('GS_PROXY_UNREACHABLE')
}

/** @returns undefined where it does not come about */
function one(address: string, port: number, ms: number, signal: AbortSignal): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined)
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true, keepAlive: true })
    const timer = setTimeout(() => give(undefined), ms)
    const give = (made: Socket | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', left)
      if (!made) socket.destroy()
      resolve(made)
    }
    const left = () => give(undefined)
    signal.addEventListener('abort', left, { once: true })
    // Whoever reads next sees that it is destroyed.
    socket.on('error', () => give(undefined))
    socket.once('connect', () => give(socket))
    return undefined
  })
}
