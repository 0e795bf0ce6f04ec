import { expect, it } from 'vitest'
import { isReadOnly } from './read-only.ts'

it('is read-only where nothing that is permitted can change anything', () => {
  expect(isReadOnly(new Set(['session']))).toBe(true)
  expect(isReadOnly(new Set(['session', 'read', 'statistics', 'backend']))).toBe(true)
  for (const one of ['write', 'define', 'admin', 'credential', 'opaque']) expect(isReadOnly(new Set(['session', 'read', one]))).toBe(false)
})
