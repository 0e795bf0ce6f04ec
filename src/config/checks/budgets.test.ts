import { describe, expect, it } from 'vitest'
import { budget } from '../schema/budgets.ts'
import type { Document } from '../schema/document.ts'
import { resource } from '../schema/resources/index.ts'
import { checkBudgets } from './budgets.ts'

const price = (currency: string) => ({ input: 2.5, output: 10, per: 1_000_000, currency })
const models = (name: string, prices?: object) =>
  resource.parse({
    ...{ name, kind: 'model', api: 'openai', address: 'https://api.openai.com/v1', credentials: [{ as: 'key', bearer: 'secret:openai' }] },
    ...(prices && { prices }),
  })

/** `code path` of what is wrong or doubtful. */
function judge(budgets: readonly object[], resources: Document['resources'] = []): string[] {
  const document = { budgets: budgets.map((each, at) => budget.parse({ name: `b${at}`, per: 'run', ...each })), resources }
  return [...checkBudgets(document as Document, { folder: '/', env: {}, now: 0 })].map(
    ({ code, path }) => `${code.replace('GS_CONFIG_', '')} ${path.join('.')}`,
  )
}

describe('budgets of money', () => {
  it('are in one currency, and so are the prices that they are counted by', () => {
    const usd = models('openai', { 'gpt-4o': price('USD') })
    expect(judge([{ limit: { money: '5 USD' } }, { limit: { money: '0.5 USD' } }], [usd])).toEqual([])
    expect(judge([{ limit: { money: '5 USD' } }, { limit: { money: '5 EUR' } }], [usd])).toEqual(['INCONSISTENT budgets.1.limit.money'])
    const both = models('openai', { 'gpt-4o': price('USD'), mistral: price('EUR') })
    expect(judge([{ limit: { money: '5 USD' } }], [both])).toEqual(['INCONSISTENT resources.0.prices.mistral.currency'])
    expect(judge([{ limit: { tokens: 5 } }], [both])).toEqual([])
  })

  it('are of doubtful use where nothing has a price', () => {
    expect(judge([{ limit: { money: '5 USD' } }], [models('local')])).toEqual(['DOUBTFUL resources.0'])
    expect(judge([{ limit: { tokens: 5 } }], [models('local')])).toEqual([])
  })

  it.each(['5', 'USD 5', '5 usd', '5USD', '0 USD', '0.000 USD', '1e3 USD', '5.1234567 USD', '-1 USD', '1234567890 USD'])(
    'are amounts with a currency, and above 0: not %s',
    (money) => expect(budget.safeParse({ name: 'a', per: 'run', limit: { money } }).success).toBe(false),
  )
})

describe('budgets per model', () => {
  it('have a window, and suspend nobody', () => {
    const per = 'model'
    expect(judge([{ per, over: '24h', limit: { tokens: 1000, operations: 5 } }])).toEqual([])
    expect(judge([{ per, limit: { tokens: 1000 } }])).toEqual(['INCONSISTENT budgets.0.per'])
    expect(judge([{ per, over: '24h', limit: { refusals: 1 } }])).toEqual(['INCONSISTENT budgets.0.limit.refusals'])
    expect(judge([{ per, over: '24h', limit: { approvalsAsked: 1 } }])).toEqual(['INCONSISTENT budgets.0.limit.approvalsAsked'])
    expect(judge([{ per, limit: { concurrentRuns: 1 } }])).toEqual(['INCONSISTENT budgets.0.limit.concurrentRuns'])
  })
})
