import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SPAN, type TestSpan, TRACE, tracesInJson, tracesInProtobuf } from '../../../test/parts/otlp-bytes.ts'
import { isAboutModels, keepSpan } from './keep-span.ts'
import { spansInJson } from './read-json.ts'
import { spansInProtobuf } from './read-protobuf.ts'

const CHAT = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 812,
  'gen_ai.response.finish_reasons': ['stop', 'length'],
  'gen_ai.input.messages': '[{"role":"user","content":"what alice earns"}]',
  'server.address': 'api.openai.com',
  'custom.thing': 'x',
}
const read = (bytes: Buffer, how: typeof spansInJson) => [...how(bytes)].filter(isAboutModels).map(keepSpan)

describe.each([
  ['protobuf', tracesInProtobuf, spansInProtobuf],
  ['JSON', tracesInJson, spansInJson],
] as const)('spans in %s', (_, write, readSpans) => {
  const kept = (...spans: TestSpan[]) => read(write(spans), readSpans)

  it('keep which model, agent and tool they are about, and never what was said', () => {
    expect(kept({ attributes: CHAT, parent: '00f067aa0ba902b7', status: { code: 2, message: 'timeout' } })).toEqual([
      {
        ...{ trace: TRACE, span: SPAN, parent: '00f067aa0ba902b7', name: 'chat gpt-4o', kind: 'client' },
        ...{ start: '2026-11-18T11:06:40.000Z', us: 1500, status: 'error', message: 'timeout', service: 'agent-job' },
        attributes: {
          ...{ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 812 },
          ...{ 'gen_ai.response.finish_reasons': ['stop', 'length'], 'server.address': 'api.openai.com' },
        },
      },
    ])
  })

  it('are left out where they are about something else', () => {
    expect(kept({ attributes: { 'http.request.method': 'GET' } }, { attributes: {} })).toEqual([])
  })

  it('are cut to what fits, without what controls a terminal', () => {
    const [span] = kept({ name: `\u001b[31m${'n'.repeat(999)}`, attributes: { 'gen_ai.agent.name': 'a'.repeat(9_999) } })
    expect(span?.name).toMatch(/^ \[31mn+$/)
    expect(span?.name).toHaveLength(128)
    expect(span?.attributes['gen_ai.agent.name']).toHaveLength(256)
  })

  it('say no number that JSON cannot', () => {
    const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': Number.POSITIVE_INFINITY }
    const text = (bytes: Buffer) => Buffer.from(bytes.toString().replaceAll('null', '1e999'))
    for (const value of [Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const written = write([{ attributes: { ...attributes, 'gen_ai.usage.input_tokens': value } }])
      const [span] = read(written[0] === 0x7b ? text(written) : written, readSpans)
      expect(span?.attributes).toEqual({ 'gen_ai.operation.name': 'chat' })
    }
  })

  it.each([
    [{ trace: '0'.repeat(32) }],
    [{ trace: 'abcd' }],
    [{ trace: `${TRACE}00` }],
    [{ span: '0'.repeat(16) }],
    [{ span: '' }],
    [{ start: 0n }],
    [{ end: 5n }],
  ] satisfies [TestSpan][])('are none without ids and times: %o', (span) => {
    expect(kept({ attributes: CHAT, ...span })).toEqual([undefined])
  })

  it('whatever comes, are read or refused, soon', () => {
    const whole = write([{ attributes: CHAT, status: { code: 1 } }, { attributes: {} }])
    let read = 0
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), cut: fc.boolean() }), { maxLength: 4 }),
        (changes) => {
          let bytes = Buffer.from(whole)
          for (const { at, byte, cut } of changes) {
            if (cut) bytes = bytes.subarray(0, at)
            else if (at < bytes.length) bytes[at] = byte
          }
          try {
            for (const sent of readSpans(bytes)) {
              read++
              const span = isAboutModels(sent) ? keepSpan(sent) : undefined
              if (span) expect(JSON.stringify(span).length).toBeLessThan(20_000)
            }
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
            expect(error).not.toBeInstanceOf(RangeError)
          }
        },
      ),
      { numRuns: 1_000 },
    )
    // More than die at the first length.
    expect(read).toBeGreaterThan(300)
  })
})

it('are the same in both', () => {
  const spans: TestSpan[] = [
    { attributes: CHAT },
    { attributes: { 'gen_ai.tool.name': 'sum', 'gen_ai.request.max_tokens': 0.5, 'error.type': 'x' }, kind: 1 },
  ]
  expect(read(tracesInProtobuf(spans), spansInProtobuf)).toEqual(read(tracesInJson(spans), spansInJson))
})

it('in protobuf end where they are cut, at every byte', () => {
  const whole = tracesInProtobuf([{ attributes: CHAT }])
  for (let cut = 1; cut < whole.length; cut++) expect(() => [...spansInProtobuf(whole.subarray(0, cut))]).toThrow()
})

it.each(['{"resourceSpans":[1]}', '{"resourceSpans":{}}', '[]', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":1}]}]}]}', '{', ''])(
  'in JSON are refused where they are none: %s',
  (text) => expect(() => [...spansInJson(Buffer.from(text))]).toThrow(),
)
