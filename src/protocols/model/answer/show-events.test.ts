import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type CodedError, Refusal } from '../../../operations/index.ts'
import { sseEvent } from '../stream/sse.ts'
import { eventsShown } from './show-events.ts'
import { ToolCalls } from './tool-calls.ts'
import { Used } from './used.ts'

const REFUSED = sseEvent('error', '{"error":"refused"}')

/** What is shown of these bytes, cut into pieces of this size. */
async function shown(bytes: Buffer, cut: number, denied: (name: string) => boolean, strips = false) {
  const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, at) => bytes.subarray(at * cut, at * cut + cut))
  const calls = new ToolCalls()
  const used = new Used()
  let refused: CodedError | undefined
  const events = eventsShown({
    ...{ body: Readable.from(pieces), redact: (event) => event, strips, mask: undefined, shownCalls: calls },
    reading: {
      ...{ calls, used },
      judge: {
        verdict: ({ name }) => (denied(name) ? 'judge' : 'show'),
        judge: async ({ name }) => (denied(name) ? new Refusal('GS_POLICY_DENIED') : undefined),
      },
    },
    errorEvent: () => REFUSED,
    refused: (error) => {
      refused = error
    },
  })
  const out: Uint8Array[] = []
  for await (const piece of events) out.push(piece)
  return { text: Buffer.concat(out).toString(), refused, calls: calls.all, used: used.said }
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const name = fc.constantFrom('query', 'drop', 'list')
const event = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((content) => data({ choices: [{ index: 0, delta: { content } }] })),
  fc
    .tuple(fc.nat(3), name)
    .map(([index, called]) => data({ choices: [{ index: 0, delta: { tool_calls: [{ index, id: 'a', function: { name: called } }] } }] })),
  fc
    .tuple(fc.nat(3), fc.string())
    .map(([index, said]) => data({ choices: [{ index: 0, delta: { tool_calls: [{ index, function: { arguments: said } }] } }] })),
  fc
    .tuple(fc.nat(3), name)
    .map(([index, called]) =>
      data({ type: 'content_block_start', index, content_block: { type: 'tool_use', id: 'b', name: called, input: {} } }),
    ),
  fc
    .tuple(fc.nat(3), name)
    .map(([at, called]) => data({ type: 'response.output_item.added', output_index: at, item: { type: 'function_call', name: called } })),
  fc.constantFrom(': comment\n\n', 'event: ping\r\ndata: {}\r\n\r\n', 'data: [DONE]\n\n', 'data:\n\n', 'id: 7\n\n'),
)
const stream = fc.array(event, { maxLength: 12 }).map((events) => events.join(''))

it('shows every byte of what may be shown, however it comes', async () => {
  await fc.assert(
    fc.asyncProperty(stream, fc.integer({ min: 1, max: 50 }), async (text, cut) => {
      const { text: got, refused } = await shown(Buffer.from(text), cut, () => false)
      expect([got, refused]).toEqual([text, undefined])
    }),
    { numRuns: 300 },
  )
})

it('shows nothing of the event that names what may not be called, and nothing behind it', async () => {
  let refusals = 0
  await fc.assert(
    fc.asyncProperty(stream, fc.integer({ min: 1, max: 50 }), async (text, cut) => {
      const { text: got, refused } = await shown(Buffer.from(text), cut, (called) => called.includes('drop'))
      if (refused) refusals += 1
      const before = refused ? got.slice(0, -REFUSED.bytes.length) : got
      expect(before).not.toContain('"name":"drop"')
      expect(text.startsWith(before)).toBe(true)
      expect(got.endsWith(Buffer.from(REFUSED.bytes).toString())).toBe(refused !== undefined)
      if (!refused) expect(got).toBe(text)
    }),
    { numRuns: 500 },
  )
  expect(refusals).toBeGreaterThan(50)
})

it('holds what a person is asked about until all of it has come and they have answered, and nothing before', async () => {
  const call = (more: object) => data({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...more }] } }] })
  const before = data({ choices: [{ index: 0, delta: { content: 'I will.' } }] })
  const held = [
    call({ id: 'a', function: { name: 'drop', arguments: '{"a"' } }),
    call({ function: { arguments: ':1}' } }),
    'data: [DONE]\n\n',
  ]
  for (const answer of [undefined, new Refusal('GS_APPROVAL_DENIED')]) {
    const calls = new ToolCalls()
    const asked: unknown[] = []
    const events = eventsShown({
      ...{
        body: Readable.from([before, ...held].map((each) => Buffer.from(each))),
        redact: (each) => each,
        strips: false,
        mask: undefined,
      },
      ...{ shownCalls: calls, errorEvent: () => REFUSED, refused: () => undefined },
      reading: {
        ...{ calls, used: new Used() },
        judge: {
          verdict: () => 'judge whole',
          judge: async (said, whole) => {
            asked.push([said, whole])
            return answer
          },
        },
      },
    })
    const out: string[] = []
    for await (const piece of events) out.push(Buffer.from(piece).toString())
    expect(asked).toEqual([[{ id: 'a', name: 'drop', arguments: '{"a":1}' }, true]])
    expect(out).toEqual([before, answer ? Buffer.from(REFUSED.bytes).toString() : held.join('')])
  }
})

it('gives back what it is fed by, whoever stops reading', async () => {
  const body = Readable.from([Buffer.from(data({ choices: [] })), Buffer.from(data({ choices: [] }))])
  const calls = new ToolCalls()
  const reading = { calls, used: new Used(), judge: { verdict: () => 'show' as const, judge: async () => undefined } }
  const events = eventsShown({
    ...{ body, redact: (each) => each, strips: false, mask: undefined, shownCalls: calls, reading },
    ...{ errorEvent: () => REFUSED, refused: () => undefined },
  })
  for await (const _ of events) break
  expect(body.destroyed).toBe(true)
})

it.each([
  '{"choices":[{"message":{"tool_calls":[{"function":{"name":"drop"}}]}}]}',
  '{\n"choices":[{"message":{"tool_calls":[{"function":{"name":"drop"}}]}}]}\n\n',
  ': comment\n {"choices":[]}\n\n',
  '[{"type":"tool_use","name":"drop"}]\r\r',
])('shows nothing that is JSON without being data: %s', async (text) => {
  await expect(shown(Buffer.from(text), 7, () => false)).rejects.toMatchObject({ code: 'GS_MODEL_ANSWER_UNREADABLE' })
})
