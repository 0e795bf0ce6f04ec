import { createHmac, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { ShortHmac } from './short-hmac.ts'

it('gives what createHmac gives, for keys and texts of every length, one after the other', () => {
  for (const keyBytes of [0, 1, 31, 32, 63, 64]) {
    const key = randomBytes(keyBytes)
    const hmac = new ShortHmac(key)
    for (const length of [0, 1, 55, 56, 63, 64, 65, 255, 256, 257, 1000, 3]) {
      const text = randomBytes(length).toString('latin1')
      const into = Buffer.alloc(40)
      hmac.digest(text, into, 5)
      expect(into.subarray(5, 37)).toEqual(createHmac('sha256', key).update(text, 'latin1').digest())
      expect(into.subarray(0, 5)).toEqual(Buffer.alloc(5))
    }
  }
})

it('refuses a key that would have to be hashed first', () => {
  expect(() => new ShortHmac(randomBytes(65))).toThrow(RangeError)
})
