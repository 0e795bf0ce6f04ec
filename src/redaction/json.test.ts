import { expect, it } from 'vitest'
import { redactJson, redactText } from './index.ts'

const written = (value: unknown) => JSON.parse(Buffer.from(redactJson(value).content).toString())

it('redacts each string for itself', () => {
  const value = { user: 'gs_pg_0123456789abcdefghjkmn', n: 1, list: ['password="a\\"b" x', 'hello'], nothing: null }
  expect(written(value)).toEqual({
    user: '«redacted:pg-credential»',
    n: 1,
    list: ['password="«redacted:password»" x', 'hello'],
    nothing: null,
  })
  expect(redactJson(value).found).toEqual([
    { kind: 'pg-credential', count: 1 },
    { kind: 'password', count: 1 },
  ])
})

it('writes what holds no secret as JSON.stringify does', () => {
  const value = { token: 'x', secret: { a: [1, 2, true, 'é'] } }
  expect(redactJson(value)).toEqual({ content: Buffer.from(JSON.stringify(value)), found: [], whole: false })
})

it('leaves references to secrets and addresses in a configuration, and takes out what is neither', () => {
  const text = [
    'gateway: { masterKey: file:./master.key, listen: { token: 0.0.0.0:8444 } }',
    'credentials: [{ as: reader, password: "secret:orders-ro" }, { password: env:ORDERS_PASSWORD }]',
    'other: { password: "command:/usr/bin/fetch --token abcdef0123456" }',
    'wrong: { password: hunter2-Xyzzy9 }',
  ].join('\n')
  const redacted = Buffer.from(redactText(Buffer.from(text), 'configuration').content).toString()
  expect(redacted).toBe(text.replace('abcdef0123456"', '«redacted:token»"').replace('hunter2-Xyzzy9', '«redacted:password»'))
})
