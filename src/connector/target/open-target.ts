import { lookup } from 'node:dns/promises'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { ConnectorError } from '../errors.ts'
import { type AllowedTarget, isAddressAllowed, isHostName, isNameAllowed, isOpenAddress } from './allowed-target.ts'

/** Name and connection together, ms. */
const PATIENCE_MS = 5_000
/** When the next address of a name is tried beside the last, ms (RFC 8305). */
const NEXT_ADDRESS_MS = 300

export interface Target {
  readonly host: string
  readonly port: number
}

/** Whether the list has that host, as a name or as an address. */
export function isAllowed(allowed: readonly AllowedTarget[], { host, port }: Target): boolean {
  return isIP(host) !== 0 ? isAddressAllowed(allowed, host, port) : isHostName(host) && isNameAllowed(allowed, host, port)
}

/**
 * Connects to a target that the list has. What a name leads to is looked at before it is connected to, and not looked up again in between.
 * @throws ConnectorError GS_CONNECTOR_TARGET_NOT_ALLOWED, GS_CONNECTOR_TARGET_UNREACHABLE
 */
export async function openTarget(allowed: readonly AllowedTarget[], target: Target, signal: AbortSignal): Promise<Socket> {
  if (!isAllowed(allowed, target)) throw new ConnectorError('GS_CONNECTOR_TARGET_NOT_ALLOWED')
  const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  const addresses = await addressesOf(target, within)
  const open = addresses.filter(({ address }) => isOpenAddress(allowed, address, target.port) || isIP(target.host) !== 0)
  if (open.length === 0) throw new ConnectorError('GS_CONNECTOR_TARGET_NOT_ALLOWED', 'its name leads to this machine or link')
  return connected(target, open, within)
}

interface Address {
  readonly address: string
  readonly family: number
}

async function addressesOf({ host }: Target, within: AbortSignal): Promise<readonly Address[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  const gaveUp = new Promise<never>((_resolve, reject) => within.addEventListener('abort', () => reject(within.reason), { once: true }))
  try {
    // The resolver of the system, so that /etc/hosts counts; it cannot be called off.
    return await Promise.race([lookup(host, { all: true }), gaveUp])
  } catch (cause) {
    throw new ConnectorError('GS_CONNECTOR_TARGET_UNREACHABLE', 'its name is not known there', { cause })
  }
}

function connected({ host, port }: Target, addresses: readonly Address[], within: AbortSignal): Promise<Socket> {
  const known: LookupFunction = (_name, { all }, done) =>
    all ? done(null, [...addresses]) : done(null, addresses[0]!.address, addresses[0]!.family)
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host, port, lookup: known, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS },
      ...{ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 },
      // A target may go on answering after it was told that no more comes.
      allowHalfOpen: true,
    })
    const fail = (cause: unknown) => {
      within.removeEventListener('abort', gaveUp)
      socket.destroy()
      reject(new ConnectorError('GS_CONNECTOR_TARGET_UNREACHABLE', undefined, { cause }))
    }
    const gaveUp = () => fail(within.reason)
    within.addEventListener('abort', gaveUp, { once: true })
    socket.once('error', fail)
    socket.once('connect', () => {
      within.removeEventListener('abort', gaveUp)
      socket.removeListener('error', fail)
      resolve(socket)
    })
  })
}
