import { expect, it } from 'vitest'
import { chooseCredential } from './choose.ts'

const reader = { as: 'reader', user: 'ro', for: ['read'] }
const filler = { as: 'filler', user: 'fill', for: ['read', 'write'] }
const owner = { as: 'owner', user: 'rw' }
const chosen = (credentials: Parameters<typeof chooseCredential>[0], ...permitted: string[]) =>
  chooseCredential(credentials, new Set(permitted))?.as

it('is the first that covers everything that could be permitted, session aside', () => {
  const all = [reader, filler, owner]
  expect(chosen(all, 'session', 'read')).toBe('reader')
  expect(chosen(all, 'session', 'read', 'write')).toBe('filler')
  expect(chosen(all, 'session', 'write')).toBe('filler')
  expect(chosen(all, 'session', 'read', 'define')).toBe('owner')
  expect(chosen(all, 'session')).toBe('reader')
  expect(chosen([owner, reader], 'session', 'read')).toBe('owner')
})

it('is none where none covers it: nothing is left out of what could be permitted', () => {
  expect(chosen([reader, filler], 'session', 'read', 'opaque')).toBeUndefined()
  expect(chosen([reader], 'credential')).toBeUndefined()
})
