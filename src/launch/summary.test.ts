import { expect, it } from 'vitest'
import { type RunSummary, summaryJson, summaryLines, summaryMarkdown, troubleLines } from './summary.ts'

const numbers = { sessions: 1, sessionsRefused: 0, operations: 5, refused: 2, held: 1, masked: 3 }
const none = { identity: [], cloud: [], 'ci-commands': [], credential: [], elsewhere: [], unnamed: [] }
const summary = (over: Partial<RunSummary> = {}): RunSummary => ({
  ...{ run: 'run_one', gateway: 'https://gw:8444/', identity: 'github', state: 'ended', exitCode: 0, seconds: 12.3 },
  ...{ resources: [{ name: 'orders-db', ...numbers }], removed: none, credentials: [], choices: [] },
  ...{ receipt: { state: 'verified', path: '/w/receipt.json' }, overEarly: undefined, notEnded: undefined },
  ...over,
})

it('says what a run came to, where its receipt is and where to look', () => {
  expect(summaryLines(summary())).toEqual([
    "run run_one ended after 12 s; the job's exit code is 0.",
    '  orders-db: 3 allowed, 2 refused, 1 held for approval, 3 values masked',
    '  receipt: /w/receipt.json, verified',
    '  look: gatescribe runs show run_one',
  ])
})

it('says what calls of models came to, where there were any', () => {
  const usage = { calls: 3, inputTokens: 900, outputTokens: 80, money: [{ micros: 250_000, currency: 'USD' }] }
  expect(summaryLines(summary({ usage }))).toContain('  models: 3 calls, 900 tokens in, 80 out, 0.25 USD')
  expect(summaryLines(summary()).join()).not.toContain('models:')
})

it.each<[string, Partial<RunSummary>, string]>([
  ['was over early', { overEarly: 'it was revoked', state: 'revoked' }, 'was over before its job (revoked)'],
  ['could not be ended', { notEnded: 'no route' }, 'could not be ended, and ends by itself'],
  ['goes on', { state: 'live', resources: undefined, receipt: undefined }, 'goes on, for later steps'],
  ['did nothing', { resources: [] }, 'It opened nothing at the gateway.'],
  ['is not known', { resources: undefined, state: undefined }, 'The gateway did not say what it came to.'],
  ['was let in nowhere', { resources: [{ name: 'x', ...numbers, sessionsRefused: 2 }] }, '2 sessions refused'],
  ['has a bad receipt', { receipt: { state: 'wrong', path: 'r', why: 'signature: nobody' } }, 'DOES NOT VERIFY (signature: nobody)'],
  ['has no receipt', { receipt: { state: 'missing', why: 'gone' } }, 'no receipt: gone'],
  ['chose', { choices: [{ what: 'kubectl', resource: 'a', others: ['b'] }] }, 'kubectl: a; there was also b (--resource NAME).'],
])('says where it %s', (_, over, sentence) => {
  expect(summaryLines(summary(over)).join('\n')).toContain(sentence)
})

it.each<[string, Partial<RunSummary>, readonly string[]]>([
  ['nothing', {}, []],
  ['nothing of a receipt that nobody was to verify', { receipt: { state: 'unverified', path: 'r' } }, []],
  ['a bad receipt', { receipt: { state: 'wrong', path: 'r', why: 'signature' } }, ['receipt: r, DOES NOT VERIFY (signature)']],
  ['a receipt that is not there', { receipt: { state: 'missing', why: 'no space' } }, ['no receipt: no space']],
  ['a run that was revoked', { overEarly: 'it was revoked', state: 'revoked' }, ['run run_one was over before its job (revoked).']],
])('says to whoever wants nothing said but what went wrong: %s', (_, over, lines) => {
  expect(troubleLines(summary(over))).toEqual(lines)
})

it('names what was removed, some of it where there is much', () => {
  const unnamed = Array.from({ length: 20 }, (_, at) => `VARIABLE_${at}`)
  const text = summaryLines(summary({ removed: { ...none, identity: ['ACTIONS_X'], unnamed } })).join('\n')
  expect(text).toContain('ACTIONS_X – prove who the job is')
  expect(text).toContain('VARIABLE_7 and 12 more – are not on the list (--pass NAME)')
  expect(summaryJson(summary({ removed: { ...none, unnamed } }))).toMatchObject({ removed: { unnamed } })
})

it('has no markup in Markdown that others wrote', () => {
  const hostile = 'x`|<img src=x onerror=alert(1)>\n## [me](https://evil.example)'
  const text = summaryMarkdown(
    summary({
      resources: [{ name: hostile, ...numbers }],
      removed: { ...none, unnamed: [hostile] },
      identity: hostile,
      overEarly: hostile,
      state: undefined,
    }),
  )
  const outside = text.replaceAll(/`[^`\n]*`/g, '')
  expect(outside).not.toMatch(/[<[]|evil|^## /m)
  expect(
    text
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => line.split('|').length),
  ).toEqual([7, 7])
})

it('has what was allowed as a number of its own for programs', () => {
  expect(summaryJson(summary())).toMatchObject({
    resources: [{ name: 'orders-db', operations: 5, allowed: 3, refused: 2 }],
    state: 'ended',
  })
  expect(summaryJson(summary({ resources: undefined, state: undefined, receipt: undefined }))).toMatchObject({
    resources: null,
    state: null,
    receipt: null,
  })
})
