import { expect, it } from 'vitest'
import { addressKey, loginThrottle, Throttle } from './throttle.ts'

it('lets a burst through, then says how long to wait, and forgives with time', () => {
  let now = 0
  const throttle = new Throttle({ burst: 2, perSecond: 0.5 }, () => now)
  throttle.take('a')
  throttle.take('a')
  expect(() => throttle.take('a')).toThrow(expect.objectContaining({ code: 'GS_IDENTITY_THROTTLED', retryAfter: 2 }))
  throttle.take('b')
  now = 2_000
  throttle.take('a')
  expect(() => throttle.take('a')).toThrow()
  throttle.giveBack('a')
  throttle.take('a')
})

it('holds a bounded number of keys, and forgets the longest unused', () => {
  const throttle = new Throttle({ burst: 1, perSecond: 0.001, keys: 100 }, () => 0)
  throttle.take('first')
  for (let at = 0; at < 99; at++) throttle.take(`key ${at}`)
  expect(() => throttle.take('first')).toThrow()
  throttle.take('one more')
  expect(() => throttle.take('first')).toThrow()
  throttle.take('key 0')
})

it('does not run backwards with the clock', () => {
  let now = 10_000
  const throttle = new Throttle({ burst: 1, perSecond: 1 }, () => now)
  throttle.take('a')
  now = 0
  expect(() => throttle.take('a')).toThrow()
  now = 1_000
  throttle.take('a')
})

it('counts only log-ins that failed', () => {
  const throttle = loginThrottle({ burst: 2, perSecond: 0.01 }, () => 0)
  for (let at = 0; at < 50; at++) expect(throttle.check('10.0.0.1:4000')).toBeUndefined()
  throttle.failed('10.0.0.1:4000')
  throttle.failed('10.0.0.1:4001')
  expect(throttle.check('10.0.0.1:9')).toMatchObject({ code: 'GS_IDENTITY_THROTTLED', retryAfter: 100 })
  expect(throttle.check('10.0.0.2:9')).toBeUndefined()
})

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['10.0.0.1:5432', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::9]:5432', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0db8:0000::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('takes %s as %s', (address, key) => {
  expect(addressKey(address)).toBe(key)
})
