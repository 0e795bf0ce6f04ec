import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type JsonPlace, JsonRewriter } from './json-rewriter.ts'

/** Replaces every value whose last name is `secret`, or that is an element of a list called `secrets`. */
function place(name: string | undefined, among: string | undefined): JsonPlace {
  const here = name === 'secret' || among === 'secrets'
  return {
    live: true,
    member: (member) => place(member, undefined),
    element: () => place(undefined, name),
    ...(here && { replace: () => Buffer.from('"x"') }),
  }
}
const root = place(undefined, undefined)
const rewrite = (text: string, many = false, cut = text.length) => {
  const rewriter = new JsonRewriter(root, { many })
  const bytes = Buffer.from(text)
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += cut) out.push(Uint8Array.from(rewriter.push(bytes.subarray(at, at + cut))))
  out.push(rewriter.end())
  return Buffer.concat(out).toString()
}

describe('replaces a value where it stands', () => {
  it.each([
    ['a string', '{"secret":"abc"}', '{"secret":"x"}'],
    ['a string with escapes', '{"secret":"a\\"b\\\\","b":"\\u0041"}', '{"secret":"x","b":"\\u0041"}'],
    ['a number', '{"a":1.50e+3,"secret":12345678901234567890}', '{"a":1.50e+3,"secret":"x"}'],
    ['a truth value', '[{"secret":true},{"secret":null}]', '[{"secret":"x"},{"secret":"x"}]'],
    ['elements', '{"secrets":["a",1,{"b":"c"}]}', '{"secrets":["x","x",{"b":"c"}]}'],
    ['one whose name is escaped', '{"s\\u0065cret":"abc"}', '{"s\\u0065cret":"x"}'],
    ['each of the same name', '{"secret":"a","secret":"b"}', '{"secret":"x","secret":"x"}'],
    ['what is not held, and blanks', ' {"big" : 123456789012345678901234567890.10 , "s":"\\/" }\n', undefined],
  ])('%s, however it is cut', (_, text, expected) => {
    for (let cut = 1; cut <= text.length; cut++) expect(rewrite(text, false, cut)).toBe(expected ?? text)
  })
})

it('reads one text behind another', () => {
  const lines = '{"secret":"a"}\n{"secret":"b"}\n'
  for (let cut = 1; cut <= lines.length; cut++) expect(rewrite(lines, true, cut)).toBe('{"secret":"x"}\n{"secret":"x"}\n')
})

it('gives on what is settled at once, so that nobody waits for an event that is there', () => {
  const rewriter = new JsonRewriter(root, { many: true })
  expect(Buffer.from(rewriter.push(Buffer.from('{"secret":"a"}\n{"b":"c'))).toString()).toBe('{"secret":"x"}\n{"b":"c')
})

it('holds a value that is looked at, and no other', () => {
  const rewriter = new JsonRewriter(root)
  expect(Buffer.from(rewriter.push(Buffer.from('{"b":"long'))).toString()).toBe('{"b":"long')
  expect(Buffer.from(rewriter.push(Buffer.from('er","secret":"abc'))).toString()).toBe('er","secret":')
})

it('keeps nothing of the memory that it is given', () => {
  const text = '{"secret":"abc","b":{"secret":"def"},"c":[1,2,"\\u0041"]}'
  for (let cut = 1; cut <= 12; cut++) {
    const rewriter = new JsonRewriter(root)
    const memory = Buffer.alloc(cut)
    const out: string[] = []
    for (let at = 0; at < text.length; at += cut) {
      const length = memory.write(text.slice(at, at + cut))
      out.push(Buffer.from(rewriter.push(memory.subarray(0, length))).toString())
      memory.fill(0x22)
    }
    expect(out.join('')).toBe(text.replace('"abc"', '"x"').replace('"def"', '"x"'))
  }
})

describe('ends at what is not JSON', () => {
  it.each([
    ...[
      '{"a":1',
      '{"a":1}}',
      '[1,]',
      '{"a":1,}',
      '{"a" 1}',
      '{,}',
      '[1 2]',
      '{"a":tru}',
      '{"a":01}',
      "{'a':1}",
      '{a:1}',
      '\ufeff{}',
      '{}{}',
      '',
    ],
    ...['{"a":"\n"}', '{"a":"b}', '[}', '{]', '{"a":+1}', '{"a":.5}', '{"a":NaN}', '/* */{}', '{"a":1}x', '{"\\x":"b"}'],
  ])('%j', (text) => {
    for (const cut of [1, 2, text.length || 1])
      expect(() => rewrite(text, false, cut)).toThrow(expect.objectContaining({ code: 'GS_MASK_NOT_JSON' }))
  })

  it('at what is deep, and at a value that is too long', () => {
    expect(rewrite('['.repeat(200) + ']'.repeat(200))).toHaveLength(400)
    expect(() => rewrite('['.repeat(201))).toThrow('deeper')
    const rewriter = new JsonRewriter(root)
    rewriter.push(Buffer.from('{"secret":"'))
    const piece = Buffer.alloc(1024 * 1024, 0x61)
    expect(() => {
      for (let megabytes = 0; megabytes < 5; megabytes++) rewriter.push(piece)
    }).toThrow('longer')
  })
})

it('leaves any JSON as it was, but for what it replaces', () => {
  const names = fc.constantFrom('secret', 'secrets', 'a', 'é', 'b c', '__proto__')
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  }))
  const masked = (each: unknown, name?: string, among?: string): unknown => {
    if (Array.isArray(each)) return each.map((one) => masked(one, undefined, name))
    if (each !== null && typeof each === 'object')
      return Object.fromEntries(Object.entries(each).map(([key, one]) => [key, masked(one, key)]))
    return name === 'secret' || among === 'secrets' ? 'x' : each
  }
  fc.assert(
    fc.property(value, fc.integer({ min: 1, max: 20 }), fc.constantFrom(0, 2), (json, cut, blanks) => {
      const text = JSON.stringify(json, null, blanks)
      expect(rewrite(text, false, cut)).toBe(JSON.stringify(masked(json), null, blanks))
    }),
    { numRuns: 500 },
  )
})

it('never throws anything but that it is no JSON, and never gives on what it did not get', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 20 }),
          fc.constantFrom('{', '}', '[', ']', '"secret":', '"a"', ',', ':', '1').map((s) => Buffer.from(s)),
        ),
        { maxLength: 20 },
      ),
      (chunks) => {
        const rewriter = new JsonRewriter(root, { many: true })
        try {
          for (const chunk of chunks) rewriter.push(chunk)
          rewriter.end()
        } catch (error) {
          expect(error).toMatchObject({ code: 'GS_MASK_NOT_JSON' })
        }
      },
    ),
    { numRuns: 1000 },
  )
})
