import { describe, expect, it } from 'vitest'
import { harmlessSql, harmlessText } from '../../test/redaction/corpus/harmless.ts'
import { leaked, marked } from '../../test/redaction/corpus/marked.ts'
import { doubtInSql, secretsInSql } from '../../test/redaction/corpus/secrets-in-sql.ts'
import { secretsInText } from '../../test/redaction/corpus/secrets-in-text.ts'
import { type Redacted, redactSql, redactText } from './index.ts'

const textOf = ({ content }: Redacted) => Buffer.from(content).toString()

/** Redacting again what was redacted finds nothing. */
function expectSettled(redact: (bytes: Uint8Array) => Redacted, redacted: Redacted): void {
  const again = redact(redacted.content)
  expect(textOf(again)).toBe(textOf(redacted))
  expect(again.content).toBe(redacted.content)
}

it('has a corpus of a size that says something', () => {
  expect(secretsInSql.length + doubtInSql.length + secretsInText.length).toBeGreaterThanOrEqual(150)
  expect(harmlessSql.length + harmlessText.length).toBeGreaterThanOrEqual(100)
  for (const source of [...secretsInSql, ...doubtInSql, ...secretsInText]) expect(marked(source).secrets).not.toEqual([])
})

describe('a statement', () => {
  it.each(secretsInSql)('loses its secret and stays readable: %s', (source) => {
    const each = marked(source)
    const redacted = redactSql(Buffer.from(each.text))
    expect({ leaked: leaked(each, textOf(redacted)), text: textOf(redacted) }).toMatchObject({ leaked: [] })
    expect(redacted).toMatchObject({ whole: false })
    expect(redacted.found.length).toBeGreaterThan(0)
    expectSettled(redactSql, redacted)
  })

  it.each(doubtInSql)('is replaced on doubt: %s', (source) => {
    const redacted = redactSql(Buffer.from(marked(source).text))
    expect(textOf(redacted)).toBe('«redacted:statement»')
    expect(redacted).toMatchObject({ whole: true, found: [{ kind: 'statement', count: 1 }] })
    expectSettled(redactSql, redacted)
  })

  it.each(harmlessSql)('without a secret is the same object: %s', (text) => {
    const bytes = Buffer.from(text)
    const redacted = redactSql(bytes)
    expect(textOf(redacted)).toBe(text)
    expect(redacted.content).toBe(bytes)
    expect(redacted).toMatchObject({ found: [], whole: false })
  })
})

describe('a statement that was cut anywhere', () => {
  // Where the name stands before the secret; elsewhere a cut takes away what tells.
  const before = /^(ALTER|CREATE) (ROLE|USER|GROUP|SUBSCRIPTION)|^DO|^UPDATE \w+ SET password/i
  const behind = /:\/\/|DECLARE p /
  const named = [...secretsInSql, ...doubtInSql].filter((source) => before.test(source) && !behind.test(source))

  it.each(named)('holds nothing of its secret: %s', (source) => {
    const each = marked(source)
    const bytes = Buffer.from(each.text)
    for (let length = 0; length < bytes.length; length++) {
      const redacted = redactSql(bytes.subarray(0, length))
      expect({ length, leaked: leaked(each, textOf(redacted)) }).toEqual({ length, leaked: [] })
    }
  })
})

describe('a text', () => {
  it.each(secretsInText)('loses its secret: %s', (source) => {
    const each = marked(source)
    const redacted = redactText(Buffer.from(each.text))
    expect({ leaked: leaked(each, textOf(redacted)), text: textOf(redacted) }).toMatchObject({ leaked: [] })
    expect(redacted.found.length).toBeGreaterThan(0)
    expectSettled(redactText, redacted)
  })

  it.each(harmlessText)('without a secret is the same object: %s', (text) => {
    const bytes = Buffer.from(text)
    expect(textOf(redactText(bytes))).toBe(text)
    expect(redactText(bytes).content).toBe(bytes)
  })
})
