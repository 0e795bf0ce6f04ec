import { rootCertificates } from 'node:tls'
import { expect, it } from 'vitest'
import { TrustContexts } from './trust-contexts.ts'

const [one, two] = rootCertificates as [string, string]

it('parses a CA once, and keeps the trust of one target from another', () => {
  const contexts = new TrustContexts()
  expect(contexts.of(one)).toBe(contexts.of(one))
  expect(contexts.of(one)).not.toBe(contexts.of(two))
  expect(contexts.of(undefined)).not.toBe(contexts.of(one))
})

it('forgets the longest unused, so that a CA that is replaced daily takes no memory', () => {
  const contexts = new TrustContexts()
  const first = contexts.of(one)
  const used = contexts.of(two)
  for (const ca of rootCertificates.slice(2, 65)) {
    contexts.of(ca)
    expect(contexts.of(two)).toBe(used)
  }
  expect(contexts.of(one)).not.toBe(first)
})
