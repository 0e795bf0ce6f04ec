import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ChannelError } from '../errors.ts'
import { readInteraction } from './interaction.ts'
import { SlackVerifier } from './verify.ts'

const form = (payload: unknown) => Buffer.from(new URLSearchParams({ payload: JSON.stringify(payload) }).toString())
const press = {
  type: 'block_actions',
  user: { id: 'U1', team_id: 'T1' },
  container: { type: 'message', message_ts: '1.2', channel_id: 'C1' },
  actions: [{ action_id: 'approve', value: 'apr_one' }],
}

it('reads who pressed which button of which message, and nothing else', () => {
  expect(readInteraction(form({ ...press, token: 'x', state: { values: {} } }))).toEqual({
    user: 'U1',
    team: 'T1',
    channel: 'C1',
    ts: '1.2',
    verdict: 'approve',
    approval: 'apr_one',
  })
})

/** What comes of it; only refusals of ours are thrown. */
function outcome(body: Uint8Array): string {
  try {
    return readInteraction(body) === undefined ? 'nothing' : 'a press'
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    return error.code
  }
}

it('takes no part of it for the whole, cut off at every byte', () => {
  const whole = form(press)
  for (let length = 0; length < whole.length; length++) expect(outcome(whole.subarray(0, length))).toBe('GS_CHANNELS_MALFORMED')
})

it('refuses what is of another form in words of ours', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void expect(outcome(bytes)).toBe('GS_CHANNELS_MALFORMED')))
  fc.assert(fc.property(fc.jsonValue(), (value) => void outcome(form(value))))
  const fields = Object.keys(press) as (keyof typeof press)[]
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
      expect(outcome(form({ ...press, [field]: value }))).not.toBe('a press')
    }),
  )
})

it('believes nothing that is not signed', () => {
  const verifier = new SlackVerifier()
  const some = fc.option(fc.oneof(fc.string(), fc.constantFrom('1700000000', `v0=${'0'.repeat(64)}`)), { nil: undefined })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), some, some, (body, timestamp, signature) => {
      expect(() => verifier.verify({ body, timestamp, signature }, 'secret', 1_700_000_000_000)).toThrow(ChannelError)
    }),
  )
})
