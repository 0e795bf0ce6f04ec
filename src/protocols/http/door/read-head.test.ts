import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CodedError } from '../../../operations/index.ts'
import { readHead } from './read-head.ts'

it('reads mutated heads in one way or refuses them, and passes nothing that is not its to pass', () => {
  const names = [
    'Host',
    'host',
    'Content-Length',
    'Transfer-Encoding',
    'transfer_encoding',
    'Connection',
    'Authorization',
    'Cookie',
    'X',
    'Upgrade',
    'Expect',
    'TE',
    'Forwarded',
    'Accept',
    'X-Http-Method',
    '',
    'a b',
  ]
  const values = [
    'localhost',
    'localhost:1',
    '5',
    '05',
    '5, 5',
    'chunked',
    'gzip, chunked',
    'close, X',
    'Bearer x',
    'websocket',
    'h2c',
    '100-continue',
    '',
    'a\rb',
    'a\0',
    'caf\xe9',
    'gs_http_0123456789abcdefgh',
  ]
  const fields = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)), { maxLength: 4 })
  const url = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('/', '/a?b') },
    { weight: 1, arbitrary: fc.constantFrom('*', 'http://a/', '/a#b', '/a b', '/\xe4', '/a?access_token=1', '') },
  )
  let read = 0
  let refused = 0
  fc.assert(
    fc.property(
      fields,
      url,
      fc.constantFrom(...Array<string>(9).fill('POST'), 'CONNECT'),
      fc.constantFrom(...Array<string>(9).fill('1.1'), '1.0'),
      fc.boolean(),
      (more, at, method, httpVersion, upgrades) => {
        const all: [string, string][] = [['Host', 'localhost'], ...more.slice(1)]
        if (more.length === 4) all.shift()
        try {
          const head = readHead({ method, url: at, httpVersion, rawHeaders: all.flat(), upgrades })
          read += 1
          expect(httpVersion).toBe('1.1')
          expect(all.filter(([name]) => name.toLowerCase() === 'host')).toHaveLength(1)
          expect(head.path.startsWith('/')).toBe(true)
          const framing = all.filter(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
          expect(framing.length).toBeLessThanOrEqual(1)
          expect(head.bodyLength === undefined).toBe(framing.some(([name]) => /^t/i.test(name)))
          for (const [name, value] of head.headers) {
            expect(name).not.toMatch(/^(host|content-length|transfer-encoding|connection|authorization|upgrade|expect|te|forwarded)$/i)
            expect(value).not.toMatch(/[\r\n\0]|gs_http_/)
          }
        } catch (error) {
          if (!(error instanceof CodedError)) throw error
          refused += 1
          expect(error.message + error.next).not.toContain('0123456789')
        }
      },
    ),
    { numRuns: 5_000, seed: 20261127 },
  )
  expect(read).toBeGreaterThan(900)
  expect(refused).toBeGreaterThan(1_000)
})
