import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mask, MaskOperator } from '../operations/index.ts'
import { findingsOf, hashUuid, maskFound, maskFoundInJson, maskJsonLeaves, maskText } from './index.ts'

const key = Buffer.alloc(32, 7)
const masked = (text: string | Uint8Array, as: MaskOperator, by: Uint8Array | undefined = key) => {
  const result = maskText(Buffer.from(text), as, by)
  return result === null ? null : Buffer.from(result).toString()
}

describe('an operator', () => {
  it('shows nothing of a text, or that there is none', () => {
    expect(masked('ada@example.com', 'redact')).toBe('[masked]')
    expect(masked('ada@example.com', 'null')).toBeNull()
    expect(masked('ada@example.com', { fixed: 'hidden' })).toBe('hidden')
  })

  it.each([
    ['+49 171 2345678', '****5678'],
    ['12345678', '****5678'],
    ['1234567', '****'],
    ['', '****'],
    ['Größe in ß€😀x', '****ß€😀x'],
    ['😀😀😀😀😀😀😀', '****'],
  ])('keeps the last four characters of a text that is long enough: %s', (text, shown) => {
    expect(masked(text, 'partial')).toBe(shown)
  })

  it('shows nothing of what is not UTF-8, rather than half a character', () => {
    expect(masked(Buffer.from('Straße in Köln', 'latin1').subarray(0, 12), 'partial')).toBe('****')
    expect(masked(Buffer.alloc(20, 0x80), 'partial')).toBe('****')
  })

  it('gives the same text the same hash under the same key only', () => {
    const one = masked('ada@example.com', 'hash')
    expect(one).toMatch(/^[0-9a-f]{32}$/)
    expect(masked('ada@example.com', 'hash')).toBe(one)
    expect(masked('bob@example.com', 'hash')).not.toBe(one)
    expect(masked('ada@example.com', 'hash', Buffer.alloc(32, 8))).not.toBe(one)
    expect(maskText(Buffer.from('ada@example.com'), 'hash', undefined)).toBeNull()
  })

  it('makes another UUID of a UUID', () => {
    const uuid = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
    const hashed = Buffer.from(hashUuid(uuid, key)).toString('hex')
    expect(hashed).toMatch(/^[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
    expect(Buffer.from(hashUuid(uuid, key)).toString('hex')).toBe(hashed)
    expect(hashed).not.toBe(masked(uuid, 'hash'))
  })

  it('never shows more than the last four characters, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const shown = masked(text, 'partial') as string
        const kept = [...text].length < 8 ? '' : [...text].slice(-4).join('')
        expect(shown).toBe(`****${kept}`)
      }),
    )
    fc.assert(fc.property(fc.uint8Array(), (bytes) => (maskText(bytes, 'partial', key) as Uint8Array).length <= 4 + 4 * 4))
  })
})

describe('JSON', () => {
  const leaves = (json: string, as: MaskOperator = 'redact') => {
    const result = maskJsonLeaves(Buffer.from(json), (leaf) => maskText(leaf, as, key))
    return result && Buffer.from(result).toString()
  }

  it.each([
    [
      '{"email": "ada@example.com", "age": 36, "tags": ["a", true, null]}',
      '{"email": "[masked]", "age": null, "tags": ["[masked]", null, null]}',
    ],
    ['"ada"', '"[masked]"'],
    ['-1.5e+10', 'null'],
    ['[]', '[]'],
    ['{"ada@example.com": 1, "first_name": 2, "Ada Lovelace": 3}', '{"[masked]": null, "first_name": null, "[masked]": null}'],
    ['{"a":{"b":"c\\"d,e:"}}', '{"a":{"b":"[masked]"}}'],
    ['{"\\u0061" : "x"}', '{"\\u0061" : "[masked]"}'],
  ])('keeps its shape and the names of its fields: %s', (json, shown) => {
    expect(leaves(json)).toBe(shown)
  })

  it('is masked by what its strings stand for', () => {
    expect(leaves('["\\u0031234567\\u0038"]', 'partial')).toBe('["****5678"]')
    expect(leaves('["größe größe"]', 'partial')).toBe('["****r\\u00f6\\u00dfe"]')
    expect(leaves('["x"]', 'null')).toBe('[null]')
    expect(leaves('["x"]', { fixed: 'a"b\\' })).toBe('["a\\"b\\\\"]')
  })

  it.each(['"ada', '"ada\\', '["\\x"]', '{"a'])('is told apart from what is none: %s', (json) => {
    expect(leaves(json)).toBeUndefined()
  })

  it('stays JSON of the same shape, and holds nothing of what it said', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (json) => {
        const shown = JSON.parse(leaves(json) as string)
        const values = (value: unknown): unknown[] =>
          value !== null && typeof value === 'object' ? Object.values(value).flatMap(values) : [value]
        expect(values(shown).every((value) => value === null || value === '[masked]')).toBe(true)
        const parsed = JSON.parse(json)
        expect(Array.isArray(shown)).toBe(Array.isArray(parsed))
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        maskJsonLeaves(bytes, () => null)
      }),
    )
  })
})

describe('what detectors find', () => {
  const mask = (name: string, detect: readonly string[], as: MaskOperator, more: Partial<Mask> = {}): Mask => ({
    ...{ name, columns: [], detect, patterns: [], as, unmaskedWrite: false, predicates: false },
    ...more,
  })
  const within = (text: string, ...masks: Mask[]) => {
    const result = maskFound(Buffer.from(text), findingsOf(masks)!, key)
    return result?.content && Buffer.from(result.content).toString()
  }

  it('is replaced where it stands, each by the operator of its mask', () => {
    const masks = [mask('a', ['email'], 'redact'), mask('b', ['card'], 'partial'), mask('c', ['card'], 'null')]
    expect(within('ada@example.com paid with 4111 1111 1111 1111.', ...masks)).toBe('[email] paid with ****1111.')
    expect(within('nothing here', ...masks)).toBeUndefined()
    expect(findingsOf([mask('columns', [], 'redact')])).toBeUndefined()
  })

  it('takes all of the text away where its mask says NULL', () => {
    expect(within('to ada@example.com', mask('a', ['email'], 'null'))).toBeNull()
  })

  it('may be what a pattern of the user describes', () => {
    const own = mask('staff', ['employee'], 'redact', { patterns: [{ name: 'employee', pattern: 'EMP-[0-9]+' }] })
    expect(within('EMP-0042 called', own, mask('again', ['employee', 'email'], 'null', own))).toBe('[employee] called')
  })

  it('is replaced within strings of JSON, which stays JSON', () => {
    const findings = findingsOf([mask('a', ['email', 'card'], 'partial')])!
    const json = '{"to": "a\\u0064a@example.com, \\"4111111111111111\\"", "n": 1}'
    const result = maskFoundInJson(Buffer.from(json), findings, key)
    if (result === undefined || result === 'not-json' || result.content === null) throw new Error('nothing was found')
    expect(JSON.parse(Buffer.from(result.content).toString())).toEqual({ to: '****.com, "****1111"', n: 1 })
    expect(result.found.map(({ detector }) => detector)).toEqual(['email', 'card'])
    expect(maskFoundInJson(Buffer.from('"ada@example.com'), findings, key)).toBe('not-json')
  })

  it('holds its places in any text', () => {
    const findings = findingsOf([mask('a', ['email', 'card', 'ip', 'secret'], { fixed: '"\\' })])!
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('ada@example.com', '4111111111111111', '\\"1.1.1.1'), (json, found) => {
        const text = json.replaceAll('"', () => `"${found} `)
        let parsed: unknown
        try {
          parsed = JSON.parse(text)
        } catch {
          return
        }
        const result = maskFoundInJson(Buffer.from(text), findings, key)
        if (result === undefined || result === 'not-json') return
        expect(typeof JSON.parse(Buffer.from(result.content as Uint8Array).toString())).toBe(typeof parsed)
      }),
    )
  })
})
