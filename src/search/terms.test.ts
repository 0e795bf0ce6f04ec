import { createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import { Terms, termBytes } from './terms.ts'

it('is HMAC-SHA-256 of facet and value, so that an index of before goes on to be read', () => {
  const key = Buffer.alloc(32, 7)
  const terms = new Terms(key)
  for (const value of ['orders', '', 'Größe', '注文', 'x'.repeat(2_000), '\u{1f600}', 'orders']) {
    const full = createHmac('sha256', key).update(`word\0${value}`).digest()
    expect(termBytes(terms.of('word', value))).toEqual(full.subarray(0, 8))
  }
})
