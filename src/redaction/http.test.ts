import fc from 'fast-check'
import { expect, it } from 'vitest'
import { redactHttp } from './http.ts'

const of = (text: string) => Buffer.from(redactHttp(Buffer.from(text)).content).toString()
const KEY = 'gs_pg_0123456789abcdefghjkmnpqrstvwxyz0123456'

it('takes secrets out of the path, the headers and the body, and leaves the rest as it came', () => {
  expect(of('GET /v1/x?limit=5\naccept: application/json\n\n')).toBe('GET /v1/x?limit=5\naccept: application/json\n\n')
  expect(of(`GET /v1/x?password=hunter2hunter2&limit=5\n\n`)).toMatch(/^GET \/v1\/x\?password=«redacted:password»&limit=5\n\n$/)
  expect(of('GET /v1/x?password%3Dhunter2hunter2&token=%67hp_x&limit=5\n\n')).toMatch(/^GET \/v1\/x\?.*&limit=5\n\n$/)
  expect(of('GET /x?command=--pass%77ord%3Dhunter2hunter2&command=rm')).toBe('GET /x?command=«redacted:password»&command=rm')
  expect(of('GET /x?command=psql&command=--password%3Dhunter2hunter2&command=rm')).toBe(
    'GET /x?command=psql&command=--password%3D«redacted:password»&command=rm',
  )
  expect(of(`POST /v1/x\n\n{"a": 1.0, "key": "${KEY}"}`)).toMatch(/^POST \/v1\/x\n\n\{"a": ?1(\.0)?, ?"key": ?"«redacted:/)
  expect(of(`POST /v1/x\n\nplain ${KEY}`)).not.toContain(KEY)
})

it('gives back the very same bytes where there is nothing', () => {
  const request = Buffer.from('POST /v1/x\n\n{"a": 1.0, "b": 12345678901234567890}')
  expect(redactHttp(request).content).toBe(request)
})

it('looks at what is escaped in texts of JSON as what it says', () => {
  const hidden = JSON.stringify({ data: JSON.stringify({ password: 'hunter2-hunter2' }), note: 'see \u0067s_pg' })
  const escaped = hidden.replace('hunter2', '\\u0068unter2')
  for (const body of [hidden, escaped]) expect(of(`POST /x\n\n${body}`)).not.toMatch(/unter2-hunter2/)
  // What comes out of JSON is JSON.
  expect(() => JSON.parse(of(`POST /x\n\n${hidden}`).split('\n\n')[1] ?? '')).not.toThrow()
})

it('never throws, whatever the bytes, and is the same when done again', () => {
  const line = fc.constantFrom(
    'POST /x?token=abcdefgh12345678',
    'GET /',
    '',
    '\n',
    'a: b',
    '{',
    '{"password":"xxxxxxxxxxxx"}',
    '[[[',
    KEY,
    '\n\n',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(line, { maxLength: 8 }).map((lines) => Buffer.from(lines.join('\n'))),
      ),
      (bytes) => {
        const once = redactHttp(bytes)
        expect(Buffer.from(once.content).includes(KEY)).toBe(false)
        expect(Buffer.from(redactHttp(once.content).content).equals(Buffer.from(once.content))).toBe(true)
      },
    ),
    { numRuns: 1_000 },
  )
})

it('takes JSON that is nested without end for text', () => {
  const deep = `POST /x\n\n${'['.repeat(200_000)}"${KEY}"`
  expect(of(deep)).not.toContain(KEY)
})
