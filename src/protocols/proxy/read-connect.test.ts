import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProxyError } from './errors.ts'
import { checkHost, readAuthority, readCredential, readUser } from './read-connect.ts'

describe('what to connect to', () => {
  it.each([
    ['api.github.com:443', { host: 'api.github.com', port: 443 }],
    ['API.GitHub.com.:8443', { host: 'api.github.com', port: 8443 }],
    ['10.0.0.1:22', { host: '10.0.0.1', port: 22 }],
    ['[::1]:443', { host: '::1', port: 443 }],
  ])('is a host and a port: %s', (text, authority) => expect(readAuthority(text)).toEqual(authority))

  it.each([
    ...[
      '',
      'a',
      'a:',
      ':443',
      'a:0',
      'a:65536',
      'a:0443',
      'a:443/',
      'a:443?b',
      'a b:443',
      'u@a:443',
      'https://a:443',
      'a:443:443',
      '/a:443',
    ],
    ...[
      'a..b:443',
      '-a:443',
      'ä.test:443',
      '*.a.test:443',
      'a%2eb:443',
      '[::1]',
      '[::1%eth0]:443',
      '[a]:443',
      '::1:443',
      `${'a'.repeat(64)}.b:443`,
    ],
    ...[
      '2130706433:443',
      '0x7f000001:443',
      '0x7f.1:443',
      '127.1:443',
      '10.0.0.256:443',
      '010.0.0.1:443',
      'a.1:443',
      'a.0x1:443',
      'a.b.0:443',
    ],
  ])('is nothing else: %s', (text) => expect(() => readAuthority(text)).toThrow(ProxyError))

  it('is, whatever came, a name or address without anything that means something elsewhere', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.webAuthority({ withPort: true }), fc.stringMatching(/^[a-z0-9.:[\]%@/-]{1,40}:\d{1,5}$/)),
        (text) => {
          try {
            const { host, port } = readAuthority(text)
            expect(host).toMatch(/^[a-z0-9_.:-]+$/)
            expect(port).toBeGreaterThan(0)
            expect(port).toBeLessThan(65_536)
          } catch (error) {
            expect(error).toBeInstanceOf(ProxyError)
          }
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('is said once more by Host, or not at all', () => {
    const at = { host: 'a.test', port: 443 }
    for (const host of [undefined, 'a.test:443', 'A.test', 'a.test.:443']) expect(() => checkHost(host, at)).not.toThrow()
    for (const host of ['', 'b.test', 'a.test:80', 'a.test:443:443', 'a.test@b']) expect(() => checkHost(host, at)).toThrow(ProxyError)
    expect(() => checkHost('[::1]:443', { host: '::1', port: 443 })).not.toThrow()
  })
})

describe('the credential', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

  it('is a token, or the password of any user', () => {
    expect(readCredential('Bearer gs_proxy_x')).toBe('gs_proxy_x')
    expect(readCredential(basic('run_1:gs_proxy_x'))).toBe('gs_proxy_x')
    expect(readCredential(basic(':a:b'))).toBe('a:b')
    expect(readUser(basic('run_1:gs_proxy_x'))).toBe('run_1')
    expect(readUser('Bearer gs_proxy_x')).toBeUndefined()
    expect(readUser(basic('a b:c'))).toBeUndefined()
  })

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Digest a=b', basic('no-colon'), `Bearer ${'a'.repeat(513)}`, 'Bearer a b'])(
    'is nothing else: %s',
    (text) => expect(() => readCredential(text)).toThrow(ProxyError),
  )
})
