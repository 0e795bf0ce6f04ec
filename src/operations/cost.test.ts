import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addUsage, isUsage, moneyFor, moneyText, NO_USAGE, type Price } from './cost.ts'

const price: Price = { input: 2.5, output: 10, cachedInput: 1.25, per: 1_000_000, currency: 'USD' }

it('costs what its tokens cost, cached ones what they cost, and never a fraction of a millionth less', () => {
  expect(moneyFor(price, { inputTokens: 1_000_000, outputTokens: 0 })).toEqual({ micros: 2_500_000, currency: 'USD' })
  expect(moneyFor(price, { inputTokens: 1000, outputTokens: 100, cachedTokens: 400 })).toEqual({
    micros: 1500 + 500 + 1000,
    currency: 'USD',
  })
  expect(moneyFor({ ...price, input: 0.1 }, { inputTokens: 30, outputTokens: 0 }).micros).toBe(3)
  expect(moneyFor({ ...price, input: 0.1 }, { inputTokens: 31, outputTokens: 0 }).micros).toBe(4)
  const { cachedInput: _, ...without } = price
  expect(moneyFor(without, { inputTokens: 1000, outputTokens: 0, cachedTokens: 900 }).micros).toBe(2500)
  // A provider that says more was cached than there was.
  expect(moneyFor(price, { inputTokens: 10, outputTokens: 0, cachedTokens: 99 }).micros).toBe(13)
})

it('never makes more of many calls than of one that is as long, but for what is rounded', () => {
  const tokens = fc.integer({ min: 0, max: 1_000_000 })
  fc.assert(
    fc.property(fc.array(fc.tuple(tokens, tokens), { maxLength: 30 }), (calls) => {
      let sum = NO_USAGE
      for (const [inputTokens, outputTokens] of calls) {
        const usage = { inputTokens, outputTokens, money: moneyFor(price, { inputTokens, outputTokens }) }
        expect(isUsage(usage)).toBe(true)
        sum = addUsage(sum, usage)
      }
      const whole = moneyFor(price, sum).micros
      const micros = sum.money[0]?.micros ?? 0
      expect(sum.calls).toBe(calls.length)
      expect(micros).toBeGreaterThanOrEqual(whole)
      expect(micros).toBeLessThanOrEqual(whole + calls.length)
    }),
  )
})

it('adds up per currency', () => {
  const of = (micros: number, currency: string) => ({ inputTokens: 1, outputTokens: 2, money: { micros, currency } })
  const sum = [of(1, 'USD'), of(2, 'EUR'), of(3, 'USD')].reduce(addUsage, NO_USAGE)
  expect(sum).toMatchObject({ calls: 3, inputTokens: 3, outputTokens: 6, cachedTokens: 0 })
  expect([...sum.money].sort((a, b) => a.micros - b.micros)).toEqual([
    { micros: 2, currency: 'EUR' },
    { micros: 4, currency: 'USD' },
  ])
})

it.each([
  [0, '0.00 USD'],
  [1, '0.000001 USD'],
  [250_000, '0.25 USD'],
  [1_500_000, '1.50 USD'],
  [12_345_678, '12.345678 USD'],
])('is said for people: %d', (micros, text) => expect(moneyText({ micros, currency: 'USD' })).toBe(text))
