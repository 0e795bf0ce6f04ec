import { expect, it } from 'vitest'
import { inWordsOf, Refusal, type RefusalCode, refusalErrors } from './refusal.ts'

/** What only statements come to. */
const OF_STATEMENTS: readonly RefusalCode[] = ['GS_MASKED_COLUMN', 'GS_ANALYZER_SILENT']
const codes = (Object.keys(refusalErrors) as RefusalCode[]).filter((code) => !OF_STATEMENTS.includes(code))

it.each(codes)('speaks of requests where there are no statements: %s', (code) => {
  const said = inWordsOf('kubernetes', new Refusal(code, { rule: 'a', ticket: 'apr_1' }))
  expect(`${said.message} ${said.next}`).not.toMatch(/statement|column|\brows?\b|query/i)
  expect(said).toMatchObject({ code, rule: 'a', ticket: 'apr_1' })
  const ofSql = new Refusal(code)
  expect(inWordsOf('postgres', ofSql)).toBe(ofSql)
})

it('leaves alone what a rule or a room says in its own words', () => {
  const own = new Refusal('GS_APPROVAL_VOID', { reason: 'Another statement.', next: 'See why.' })
  expect(inWordsOf('http', own)).toBe(own)
  const half = new Refusal('GS_APPROVAL_VOID', { reason: 'Another statement.' })
  expect(inWordsOf('http', half)).toMatchObject({ message: 'Another statement.', next: expect.stringMatching(/^Send the request/) })
})
