import fc from 'fast-check'
import { expect, it } from 'vitest'
import { effectiveOf } from '../../../test/parts/approvals.ts'
import { wrongMessage } from '../../../test/parts/slack-server.ts'
import type { RequestCard, RequestView } from '../../approvals/index.ts'
import { plainly, visibleBytes } from '../../card/index.ts'
import type { Run } from '../../operations/index.ts'
import { askingMessage, type SlackMessage } from './message.ts'

const request: RequestView = {
  id: 'apr_one',
  link: 'https://gw.example/approvals/apr_one',
  state: 'pending',
  mode: 'hold',
  run: 'run_a',
  session: 'ses_a',
  resource: 'orders-db',
  protocol: 'postgres',
  policy: 'sha256:00',
  stream: false,
  requirements: [{ rule: 'ask-first', groups: ['okta/sre'], count: 1, approvals: 0, needed: 1 }],
  decisions: [],
  askedAt: 0,
  expiresAt: 1,
}
const runOf = (workflow: string): Run => ({
  id: 'run_a',
  principal: { kind: 'job', issuer: 'github', subject: workflow, groups: [] },
  facts: { workflow },
  startedAt: 0,
})
const cardOf = (contents: readonly Uint8Array[], session = 'public'): RequestCard => ({
  request,
  content: {
    effective: effectiveOf('', { parts: contents.map((content) => ({ label: 'statement', content })), session: { search_path: session } }),
    names: [],
  },
})

/** What stands in boxes as it is run. */
function shownIn({ blocks }: SlackMessage): readonly string[] {
  return blocks.flatMap((block) =>
    block.type !== 'rich_text'
      ? []
      : block.elements
          .filter(({ type }) => type === 'rich_text_preformatted')
          .map(({ elements }) => elements.map(({ text }) => text).join('')),
  )
}

const hostile = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 400 }).map((text) => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom('`', '<', '>', '&', '\n', '*', '_', '\u202e', '"', '\\', ' ', 'é', '𝒳'), maxLength: 4_000 })
    .map((text) => Buffer.from(text)),
)

it('is taken by Slack whatever is asked for, and has buttons only where every character of it is there', () => {
  let whole = 0
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 50 }), (contents, other) => {
      const message = askingMessage(cardOf(contents, other), runOf(other))
      expect(wrongMessage({ ...message })).toBeUndefined()
      if (!message.buttons) return
      whole++
      expect(shownIn(message)).toEqual(contents.filter(({ length }) => length > 0).map((content) => plainly(visibleBytes(content))))
    }),
    { numRuns: 400 },
  )
  expect(whole).toBeGreaterThan(100)
})

it('is taken by Slack however much is known of a request', () => {
  const sql = { statements: 1, reads: Array.from({ length: 5_000 }, (_, n) => `public.table_${n}`) }
  const card = cardOf([Buffer.from('SELECT 1')])
  const effective = { ...card.content!.effective, facts: [{ effects: [{ class: 'read', action: 'select' } as const], sql }] }
  const message = askingMessage({ ...card, content: { ...card.content!, effective } }, runOf('w'.repeat(100_000)))
  expect([message.buttons, wrongMessage({ ...message })]).toEqual([false, undefined])
})

it('is taken by Slack however much is known that it says in short', () => {
  const long = '"\\'.repeat(500)
  const requirements = Array.from({ length: 40 }, () => ({ rule: 'r', groups: [long], count: 1, approvals: 0, needed: 1 }))
  const facts = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`fact ${n}`, long]))
  const message = askingMessage({ request: { ...request, requirements }, content: undefined }, { ...runOf(long), facts })
  expect([message.buttons, wrongMessage({ ...message })]).toEqual([false, undefined])
  expect(JSON.stringify(message.blocks)).toContain('run_a')
})
