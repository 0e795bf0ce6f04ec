import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KubernetesError } from '../errors.ts'
import type { BodyForm } from './media-type.ts'
import { bodyForm } from './media-type.ts'
import { readBody } from './read-body.ts'

const read = (form: BodyForm, text: string) => readBody(form, Buffer.from(text))

describe('JSON', () => {
  it.each([
    '{"a":"\\ud800"}',
    '{"\\uDFFF\\ud800":1}',
    '{"a":1,"a":2}',
    '{"a":{"b":1,"c":{"d":[],"\\u0064":1}}}',
    '[{"x":1},{"y":{"z":1,"z":1}}]',
    '{',
    '{"a":1}{',
    "{'a':1}",
    'NaN',
  ])('refuses %s', (text) => {
    expect(() => read('json', text)).toThrow(KubernetesError)
  })

  it('refuses what is not UTF-8, and what is nested too deeply', () => {
    expect(() => readBody('json', Buffer.from('{"a":"\xff"}', 'latin1'))).toThrow(KubernetesError)
    expect(() => read('json', '['.repeat(201) + ']'.repeat(201))).toThrow(KubernetesError)
    expect(read('json', '['.repeat(200) + ']'.repeat(200))).toBeDefined()
  })

  it('reads whatever JSON says, as JSON.parse does', () => {
    expect(read('json', '{"a":"\\ud83d\\ude00 \\\\ud800"}')).toEqual({ a: '\u{1f600} \\ud800' })
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 2 }), (text, space) => {
        const value: unknown = JSON.parse(text)
        expect(read('json', JSON.stringify(value, null, space))).toEqual(value)
      }),
    )
  })

  it('finds a key that is there twice, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }).map((raw) => Buffer.from(raw).toString('latin1')),
        fc.json(),
        fc.json(),
        (key, one, other) => {
          const name = JSON.stringify(key)
          expect(() => read('json', `{"x":[${one},{${name}:${one}, ${name} :${other}}]}`)).toThrow(KubernetesError)
        },
      ),
    )
  })

  it('never does anything but answer or refuse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom<BodyForm>('json', 'apply', 'yaml', 'json-patch'), (bytes, form) => {
        try {
          readBody(form, bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(KubernetesError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

it('is read, or not, within a second of a processor, whatever it is', () => {
  const [json, yaml] = [3 * 1024 * 1024, 16_000]
  for (const [form, text] of [
    ['json', `[${'{"a":1},'.repeat(json / 8)}1]`],
    ['json', '['.repeat(json)],
    ['apply', `a: {${Array.from({ length: yaml / 10 }, (_, at) => `k${at}: 1`).join(',')}}`],
    ['apply', Array.from({ length: yaml / 14 }, (_, at) => `k${at}: v${at}\n`).join('')],
    ['apply', `a: ${'['.repeat(yaml)}`],
    ['apply', '- '.repeat(yaml / 2)],
  ] as const) {
    const began = process.cpuUsage()
    try {
      read(form, text)
    } catch (error) {
      expect(error).toBeInstanceOf(KubernetesError)
    }
    const { user, system } = process.cpuUsage(began)
    expect((user + system) / 1e6, `${form} ${text.slice(0, 20)}`).toBeLessThan(1)
  }
})

describe('YAML', () => {
  it('is read where everybody reads it alike', () => {
    expect(read('apply', 'kind: Pod\nspec:\n  containers:\n  - name: a\n    image: "b:1"\n  n: 3\n  t: true\n')).toEqual({
      kind: 'Pod',
      spec: { containers: [{ name: 'a', image: 'b:1' }], n: 3, t: true },
    })
    expect(read('apply', '{"kind":"Pod"}')).toEqual({ kind: 'Pod' })
    expect(read('yaml', '{kind: Pod, a: [1, x]}')).toEqual({ kind: 'Pod', a: [1, 'x'] })
  })

  it.each([
    ['a word that is a boolean to some', 'a: yes'],
    ['a number in another base to some', 'a: 010'],
    ['sexagesimal', 'a: 1:30'],
    ['an alias', 'a: &x {b: 1}\nc: *x'],
    ['an anchor', 'a: &x 1'],
    ['a merge', 'b: {<<: {a: 1}}'],
    ['a tag', 'a: !!binary aGVsbG8='],
    ['two documents', 'a: 1\n---\nb: 2'],
    ['a date', 'a: 2001-12-14'],
    ['what JSON has no word for', 'a: .inf'],
  ])('is not known where it has %s', (_, text) => {
    expect(read('apply', text)).toBeUndefined()
  })

  it.each(['a: 1\na: 2', 'a: [', '{"a":1,"a":2}'])('refuses %s', (text) => {
    expect(() => read('apply', text)).toThrow(KubernetesError)
  })
})

it('does not know protobuf, CBOR and what it has no name for', () => {
  expect(read('protobuf', 'k8s\0')).toBeUndefined()
  expect(read('cbor', '\xd9\xd9\xf7')).toBeUndefined()
  expect(bodyForm('text/plain')).toBe('unknown')
  expect(bodyForm('Application/JSON; charset=utf-8')).toBe('json')
  expect(bodyForm(undefined)).toBe('json')
  expect(bodyForm('constructor')).toBe('unknown')
})
