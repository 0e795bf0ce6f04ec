import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isSameAddress, kindOf } from './addresses.ts'

it.each([
  ...['8.8.8.8', '140.82.121.4', '1.1.1.1', '223.255.255.255', '2606:4700:4700::1111', '2a00:1450:4001:80b::200e'].map(
    (at) => [at, 'public'] as const,
  ),
  ...['127.0.0.1', '127.8.9.10', '0.0.0.0', '0.1.2.3', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1'].map(
    (at) => [at, 'private'] as const,
  ),
  ...[
    '169.254.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '239.1.1.1',
    '255.255.255.255',
    '240.0.0.1',
  ].map((at) => [at, 'private'] as const),
  ...[
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '2001:db8::1',
    '2001::1',
    '2002:7f00:1::',
    '100::1',
  ].map((at) => [at, 'private'] as const),
  ...[
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b:1::8.8.8.8',
    '',
    'a.test',
    '1.2.3',
  ].map((at) => [at, 'private'] as const),
  ...[
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
  ].map((at) => [at, 'metadata'] as const),
])('%s is %s', (address, kind) => expect(kindOf(address)).toBe(kind))

it('takes nothing that is no address for one of the open Internet', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4Extended(), fc.ipV6()), (text) => {
      const kind = kindOf(text)
      expect(['public', 'private', 'metadata']).toContain(kind)
      if (kind === 'public') expect(text).toMatch(/^(\d{1,3}(\.\d{1,3}){3}|[23][0-9a-f]{3}:[0-9a-f:.]*)$/i)
    }),
    { numRuns: 3_000 },
  )
})

it('knows an address again in another form', () => {
  expect(isSameAddress('::ffff:10.0.0.1', '10.0.0.1')).toBe(true)
  expect(isSameAddress('fe80:0:0::1%eth0', 'fe80::1')).toBe(true)
  expect(isSameAddress('10.0.0.1', '10.0.0.2')).toBe(false)
})
