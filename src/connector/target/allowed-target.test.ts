import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isAddressAllowed, isNameAllowed, isOpenAddress, parseAllowed, splitTarget } from './allowed-target.ts'
import { isAllowed } from './open-target.ts'

const list = (...entries: string[]) => entries.map(parseAllowed)
const may = (entries: string[], target: string) => {
  const split = splitTarget(target)
  return split !== undefined && isAllowed(list(...entries), split)
}

it.each([
  ['orders.internal:5432', 'orders.internal:5432', true],
  ['orders.internal:5432', 'ORDERS.internal.:5432', true],
  ['Orders.Internal:5432', 'orders.internal:5432', true],
  ['orders.internal:5432', 'orders.internal:5433', false],
  ['orders.internal:5432', 'xorders.internal:5432', false],
  ['orders.internal:5432', 'orders.internal.evil.example:5432', false],
  ['*.internal:5432', 'orders.internal:5432', true],
  ['*.internal:5432', 'internal:5432', false],
  ['*.internal:5432', '.internal:5432', false],
  ['*.internal:5432', 'a.b.internal:5432', false],
  ['10.1.0.0/16:5432', '10.1.2.3:5432', true],
  ['10.1.0.0/16:5432', '10.2.0.1:5432', false],
  ['10.1.0.0/16:5432', '[::ffff:10.1.2.3]:5432', true],
  ['10.1.2.3:5432', '[::ffff:a01:203]:5432', true],
  ['10.1.0.0/16:5432', 'orders.internal:5432', false],
  ['[fd00::/8]:5432', '[fd12::1]:5432', true],
  ['[fd00::/8]:5432', '[fe80::1]:5432', false],
  ['127.0.0.1:5432', '127.0.0.1:5432', true],
  // A large block opens nothing of the machine itself; one that is nothing else does.
  ['0.0.0.0/0:5432', '8.8.8.8:5432', true],
  ['0.0.0.0/0:5432', '127.0.0.1:5432', false],
  ['0.0.0.0/0:5432', '[::ffff:127.0.0.1]:5432', false],
  ['0.0.0.0/0:80', '169.254.169.254:80', false],
  ['169.0.0.0/8:80', '169.254.169.254:80', false],
  ['169.254.169.254:80', '169.254.169.254:80', true],
  ['127.0.0.0/8:5432', '127.0.0.9:5432', true],
  ['[::/0]:80', '[::1]:80', false],
  ['[::/0]:80', '[fd00:ec2::254]:80', false],
  ['[::/0]:80', '[64:ff9b::7f00:1]:80', false],
  ['[::1]:80', '[::1]:80', true],
  ['[::1]:80', '[0:0:0:0:0:0:0:1]:80', true],
  // What some resolvers read as an address is no name.
  ['*.internal:80', '2130706433:80', false],
])('%s: whether %s may be opened is %s', (entry, target, expected) => {
  expect(may([entry], target)).toBe(expected)
})

it.each([
  '',
  'orders.internal',
  'orders.internal:',
  'orders.internal:0',
  'orders.internal:65536',
  'orders.internal:+5432',
  ':5432',
  '*:5432',
  '*.*.internal:5432',
  'a.*.internal:5432',
  'orders internal:5432',
  'orders..internal:5432',
  '-orders.internal:5432',
  '10.1.0.0/33:5432',
  '10.1.0.0/:5432',
  '10.1.0.0/8/8:5432',
  '[10.1.0.0]:5432',
  'fd00::1:5432',
  '[fd00::/129]:5432',
  '[orders]:5432',
  '127.1:5432',
  '0x7f.1:5432',
  '2130706433:5432',
  'user@orders.internal:5432',
  'postgres://orders.internal:5432',
  `${'a'.repeat(64)}.internal:5432`,
  `${'a.'.repeat(200)}internal:5432`,
])('takes no %j for a target', (text) => {
  expect(() => parseAllowed(text)).toThrow(expect.objectContaining({ code: 'GS_CONNECTOR_ALLOW' }))
})

it('lets a name lead to private networks, and to this machine only where the address is allowed too', () => {
  const named = list('orders.internal:5432')
  for (const address of ['10.0.0.1', '192.168.1.1', '172.16.0.1', 'fd00::1', '8.8.8.8'])
    expect(isOpenAddress(named, address, 5432)).toBe(true)
  for (const address of [
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1%eth0',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::7f00:1',
    '2002:7f00:1::',
  ])
    expect(isOpenAddress(named, address, 5432), address).toBe(false)
  expect(isOpenAddress(list('orders.internal:5432', '127.0.0.0/8:5432'), '127.0.0.1', 5432)).toBe(true)
  expect(isOpenAddress(list('orders.internal:5432', '127.0.0.0/8:5433'), '127.0.0.1', 5432)).toBe(false)
})

it('never throws for what a gateway asks, and opens nothing from an empty list', () => {
  const near = fc.oneof(fc.string(), fc.stringMatching(/^[[\]0-9a-f:.%*/x-]{0,40}:[0-9]{0,6}$/))
  fc.assert(
    fc.property(near, (text) => {
      expect(may([], text)).toBe(false)
      may(['*.internal:5432', '0.0.0.0/0:5432', '[::/0]:5432'], text)
    }),
    { numRuns: 2_000 },
  )
})

it('opens nothing of the machine itself by any block that is larger, whatever the address', () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255))
  fc.assert(
    fc.property(octets, fc.nat(7), ([b, c, d], bits) => {
      expect(isAddressAllowed(list(`127.0.0.0/${bits}:1`), `127.${b}.${c}.${d}`, 1)).toBe(false)
      expect(isNameAllowed(list(`127.0.0.0/${bits}:1`), 'localhost', 1)).toBe(false)
    }),
  )
})
