import fc from 'fast-check'
import { expect, it } from 'vitest'
import { historiesOf } from './histories.ts'

const HEAD = 'POST /v1/chat/completions\n\n'

/** What is left of a body, and its parts. */
function cut(body: string) {
  const text = Buffer.from(HEAD + body)
  const kept: Buffer[] = []
  let from = HEAD.length
  const parts: string[] = []
  for (const history of historiesOf(text, HEAD.length)) {
    expect(history.from).toBeGreaterThanOrEqual(from)
    kept.push(text.subarray(from, history.from))
    from = history.from
    for (const end of history.ends) {
      expect(end).toBeGreaterThan(from)
      parts.push(text.toString('utf8', from, end))
      from = end
    }
  }
  kept.push(text.subarray(from))
  return { left: Buffer.concat(kept).toString(), parts }
}

it('takes messages and tools apart, however they are written', () => {
  expect(cut('{"model":"m","messages":[{"a":"]}\\""}, {"b":[1]}\n],"tools":[1],"stream":true}')).toEqual({
    left: '{"model":"m","messages":[\n],"tools":[],"stream":true}',
    parts: ['{"a":"]}\\""}', ', {"b":[1]}', '1'],
  })
  expect(cut('{ "input" : "short" , "tools" : [ ] }')).toEqual({ left: '{ "input" : "short" , "tools" : [ ] }', parts: [] })
})

it('takes a large member as one part, wherever it stands, and leaves JSON', () => {
  const long = JSON.stringify('x'.repeat(600))
  expect(cut(`{"instructions":${long},"n":1}`)).toEqual({ left: '{"n":1}', parts: [`"instructions":${long},`] })
  expect(cut(`{"n":1, "instructions":${long}}`)).toEqual({ left: '{"n":1}', parts: [`, "instructions":${long}`] })
  expect(cut(`{"instructions":${long}}`)).toEqual({ left: '{}', parts: [`"instructions":${long}`] })
  const two = cut(`{"a":${long},"b":${long},"c":1}`)
  expect(two.parts).toHaveLength(2)
  expect(JSON.parse(two.left)).toEqual({ c: 1 })
})

it('says nothing of what is none, and never throws', () => {
  for (const body of ['', '{', '[]', '{"messages":[', '{"messages":[1', '{"messages":[1,', '{"messages":"', '{"a":1,', 'x'])
    expect(historiesOf(Buffer.from(HEAD + body), HEAD.length)).toEqual([])
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void historiesOf(bytes, 0)))
})

it('leaves JSON of whatever JSON there is, and all of it comes back', () => {
  const value = fc.jsonValue({ maxDepth: 3 })
  const large = fc.string({ minLength: 600, maxLength: 700 })
  const members = fc.dictionary(
    fc.constantFrom('messages', 'tools', 'input', 'system', 'model', 'text', '"\\'),
    fc.oneof(fc.array(value), value, large),
  )
  fc.assert(
    fc.property(members, fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
      const { left, parts } = cut(JSON.stringify(object, undefined, indent))
      expect(() => JSON.parse(left)).not.toThrow()
      const lists = Object.entries(object).flatMap(([name, each]) =>
        /^(messages|tools|input|system)$/.test(name) && Array.isArray(each) ? each : [],
      )
      expect(parts.length).toBeGreaterThanOrEqual(lists.length)
    }),
    { numRuns: 500 },
  )
})
