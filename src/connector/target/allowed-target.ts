import { BlockList, isIP } from 'node:net'
import { ConnectorError } from '../errors.ts'

/** One thing that a connector may open. */
export interface AllowedTarget {
  /** As it was written. */
  readonly text: string
  readonly port: number
  readonly host:
    | { readonly kind: 'name'; readonly name: string }
    /** Any one label before it: `.orders.internal`. */
    | { readonly kind: 'suffix'; readonly suffix: string }
    | { readonly kind: 'addresses'; readonly of: BlockList }
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:[.]${LABEL})*$`)
const SHAPE = /^(?:\[([^\]]{1,60})\]|([^:[\]]{1,255})):([0-9]{1,5})$/

/** `host:port` with the brackets of an IPv6 address taken off. @returns undefined where it is none */
export function splitTarget(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = SHAPE.exec(text) ?? []
  const port = Number(digits)
  if (!(port >= 1 && port <= 65_535)) return undefined
  if (bracketed !== undefined) return { host: bracketed.toLowerCase(), port }
  return plain === undefined ? undefined : { host: plain.toLowerCase().replace(/[.]$/, ''), port }
}

/** A name that only a resolver can read: its last label is not a number, which some read as an address (`2130706433`, `127.1`, `0x7f.1`). */
export const isHostName = (host: string): boolean => NAME.test(host) && !/(?:^|[.])(?:[0-9]+|0x[0-9a-f]*)$/.test(host)

/**
 * Reads an entry of the allow-list: `host:port`, `*.domain:port` (one label), `10.1.0.0/16:port`, `[fd00::/8]:port`.
 * @throws ConnectorError GS_CONNECTOR_ALLOW
 */
export function parseAllowed(text: string): AllowedTarget {
  const split = splitTarget(text)
  const host = split && parseHost(split.host, text.startsWith('['))
  if (split && host) return { text, port: split.port, host }
  throw new ConnectorError('GS_CONNECTOR_ALLOW', JSON.stringify(text.slice(0, 100)))
}

function parseHost(host: string, bracketed: boolean): AllowedTarget['host'] | undefined {
  const [address = '', prefix, ...more] = host.split('/')
  const family = isIP(address)
  if (family !== 0) {
    if (more.length > 0 || bracketed !== (family === 6)) return undefined
    const bits = family === 4 ? 32 : 128
    if (prefix !== undefined && !(/^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= bits)) return undefined
    const of = new BlockList()
    of.addSubnet(address, prefix === undefined ? bits : Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
    return { kind: 'addresses', of }
  }
  if (bracketed) return undefined
  if (host.startsWith('*.') && isHostName(host.slice(2))) return { kind: 'suffix', suffix: host.slice(1) }
  return isHostName(host) ? { kind: 'name', name: host } : undefined
}

/** Where nobody's private target is: this machine, this link, many at once. RFC 6890; IPv4 in IPv6 is checked as IPv4. */
const NOWHERE = new BlockList()
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  NOWHERE.addSubnet(address, prefix, 'ipv4')
for (const [address, prefix] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
  // IPv4 in other clothes: NAT64 and 6to4 would lead where the rules for IPv4 do not look.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
] as const)
  NOWHERE.addSubnet(address, prefix, 'ipv6')

/** Whether that literal address is allowed as one: exactly, or by a block. */
export function isAddressAllowed(allowed: readonly AllowedTarget[], address: string, port: number): boolean {
  const plain = plainAddress(address)
  const family = isIP(plain) === 4 ? 'ipv4' : 'ipv6'
  return allowed.some((target) => target.port === port && target.host.kind === 'addresses' && target.host.of.check(plain, family))
}

/** Whether that name may be resolved, and what it leads to opened: `isOpenAddress` says which addresses that may be. */
export function isNameAllowed(allowed: readonly AllowedTarget[], name: string, port: number): boolean {
  return allowed.some(({ port: of, host }) => {
    if (of !== port) return false
    if (host.kind === 'name') return host.name === name
    if (host.kind !== 'suffix' || !name.endsWith(host.suffix)) return false
    const label = name.slice(0, -host.suffix.length)
    return label !== '' && !label.includes('.')
  })
}

/** Whether an allowed name may lead there: not to this machine, link or a group, unless that address is allowed by itself. */
export function isOpenAddress(allowed: readonly AllowedTarget[], address: string, port: number): boolean {
  const plain = plainAddress(address)
  return !NOWHERE.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6') || isAddressAllowed(allowed, plain, port)
}

/** An IPv4 address as such where it is written as IPv6 (`::ffff:127.0.0.1`, RFC 4291 §2.5.5.2), without a zone. */
function plainAddress(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%')
  const [, dotted] = /^::ffff:([0-9.]+)$/.exec(bare) ?? []
  if (dotted !== undefined && isIP(dotted) === 4) return dotted
  const [, high, low] = /^(?:0:0:0:0:0|:):ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(bare) ?? []
  if (high === undefined || low === undefined) return bare
  const number = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}
