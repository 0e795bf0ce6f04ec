import { BlockList, isIP } from 'node:net'

/**
 * Addresses that are not on the open Internet: IANA's registries of special-purpose addresses (RFC 6890), for IPv4 and IPv6, and multicast. Whatever is
 * in them leads to this machine, its networks, or nowhere.
 */
const SPECIAL = new BlockList()
for (const [network, bits] of [
  ...[
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
  ],
  ...[
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
  ],
  ...[
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ],
] as const)
  SPECIAL.addSubnet(network as string, bits as number, 'ipv4')

/** What IPv6 is on the open Internet: global unicast (RFC 4291 §2.4), but for what of that is special. */
const GLOBAL = new BlockList()
GLOBAL.addSubnet('2000::', 3, 'ipv6')
// Teredo, ORCHID and others; documentation; 6to4, which holds an address of IPv4.
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  SPECIAL.addSubnet(network, bits, 'ipv6')

/** Where clouds tell machines who they are, and hand them credentials. */
const METADATA = new BlockList()
for (const address of [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.0.23',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
])
  METADATA.addAddress(address, 'ipv4')
METADATA.addAddress('fd00:ec2::254', 'ipv6')
METADATA.addAddress('fd20:ce::254', 'ipv6')

/** What an address is to the proxy. */
export type AddressKind = 'public' | 'private' | 'metadata'

/** @param address as the resolver gives it; what is none is `private` */
export function kindOf(address: string): AddressKind {
  const within = embedded(address)
  if (within !== address) {
    const kind = kindOf(within)
    // Whoever maps an address does not mean the open Internet.
    return kind === 'public' ? 'private' : kind
  }
  const family = isIP(address)
  if (family === 0 || address.includes('%')) return 'private'
  const type = family === 4 ? 'ipv4' : 'ipv6'
  if (METADATA.check(address, type)) return 'metadata'
  if (SPECIAL.check(address, type)) return 'private'
  return family === 4 || GLOBAL.check(address, 'ipv6') ? 'public' : 'private'
}

/** An IPv4 address that stands in one of IPv6: mapped, compatible, or behind the well-known prefix of NAT64 (RFC 6052). */
function embedded(address: string): string {
  if (isIP(address) !== 6 || address.includes('%')) return address
  const groups = groupsOf(address)
  const [high = 0, low = 0] = groups.slice(6)
  const dotted = `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  const zeros = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0)
  if (zeros(0, 5) && groups[5] === 0xffff) return dotted
  if (zeros(0, 6) && high !== 0) return dotted
  if (groups[0] === 0x64 && groups[1] === 0xff9b && zeros(2, 6)) return dotted
  return address
}

/** Eight groups, by the form that the URL parser writes (RFC 5952). */
function groupsOf(address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const parse = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, after] = [parse(head), parse(tail ?? '')]
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/** Whether two addresses are one, in whatever form. */
export const isSameAddress = (one: string, other: string): boolean => canonical(one) === canonical(other)

function canonical(address: string): string {
  const within = embedded(address)
  return isIP(within) === 6 ? groupsOf(within.replace(/%.*$/, '')).join(':') : within
}
