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
    /** `nowhere`: all of them are such as a larger block does not open. */
    | { readonly kind: 'addresses'; readonly of: BlockList; readonly nowhere: boolean }
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
    const length = prefix === undefined ? bits : Number(prefix)
    of.addSubnet(address, length, familyOf(address))
    return { kind: 'addresses', of, nowhere: liesNowhere(address, length) }
  }
  if (bracketed) return undefined
  if (host.startsWith('*.') && isHostName(host.slice(2))) return { kind: 'suffix', suffix: host.slice(1) }
  return isHostName(host) ? { kind: 'name', name: host } : undefined
}

/** Where nobody's private target is: this machine, this link, many at once, and what tells a machine of itself, with keys. RFC 6890. */
const NOWHERE: readonly (readonly [address: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['100.100.100.200', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['192.0.0.192', 32, 'ipv4'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  ['fd00:ec2::254', 128, 'ipv6'],
  ['fd20:ce::254', 128, 'ipv6'],
  // IPv4 in other clothes leads where the rules for IPv4 do not look: compatible, NAT64, 6to4. `::ffff:` is checked as IPv4.
  ['::', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['2002::', 16, 'ipv6'],
]
const NOWHERE_LIST = new BlockList()
for (const subnet of NOWHERE) NOWHERE_LIST.addSubnet(...subnet)

const isNowhere = (address: string): boolean => NOWHERE_LIST.check(address, familyOf(address))

/** Whether a block lies in one of those as a whole: then whoever wrote it meant it. */
function liesNowhere(address: string, bits: number): boolean {
  return NOWHERE.some(([base, prefix, family]) => {
    if (bits < prefix || family !== familyOf(address)) return false
    const one = new BlockList()
    one.addSubnet(base, prefix, family)
    return one.check(address, family)
  })
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

/**
 * Whether that literal address is allowed as one: exactly, or by a block. A block that is larger than what leads nowhere (0.0.0.0/0) does not
 * open that with the rest.
 */
export function isAddressAllowed(allowed: readonly AllowedTarget[], address: string, port: number): boolean {
  const plain = plainAddress(address)
  return allowed.some(
    ({ port: of, host }) =>
      of === port && host.kind === 'addresses' && host.of.check(plain, familyOf(plain)) && (host.nowhere || !isNowhere(plain)),
  )
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
  return !isNowhere(plainAddress(address)) || isAddressAllowed(allowed, address, port)
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
