import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { AUTHORIZED, CREDENTIAL, doorBeforeRealTarget, wholeAnswer } from '../../../../test/parts/https-door.ts'

const { open, dial } = doorBeforeRealTarget()

const A = AUTHORIZED
const H = 'Host: localhost\r\n'
const TE = 'Transfer-Encoding: chunked\r\n'
/** What must never be seen at the target as a request of its own. */
const SMUGGLED = 'GET /r/api/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
const post = (headers: string, body: string, path = '/r/api/a') => `POST ${path} HTTP/1.1\r\n${H}${A}${headers}\r\n${body}`
const get = (headers: string, path = '/r/api/a') => `GET ${path} HTTP/1.1\r\n${H}${A}${headers}\r\n`
const line = (text: string) => `${text}\r\n${H}${A}\r\n`

/** Refused: the target gets nothing of it. @param of the status that is said, 0: the connection just ends */
const refused: readonly (readonly [name: string, bytes: string, status: number])[] = [
  // RFC 9112 §6: where the body ends.
  ['Content-Length and chunks', post(`Content-Length: 6\r\n${TE}`, `0\r\n\r\nG`), 400],
  ['chunks and Content-Length', post(`${TE}Content-Length: 6\r\n`, `0\r\n\r\nG`), 400],
  ['two lengths that differ', post('Content-Length: 0\r\nContent-Length: 44\r\n', SMUGGLED), 400],
  ['two lengths that agree', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'), 400],
  ['a list of lengths', post('Content-Length: 5, 5\r\n', 'hello'), 400],
  ['a length with a sign', post('Content-Length: +5\r\n', 'hello'), 400],
  ['a negative length', post('Content-Length: -1\r\n', ''), 400],
  ['a hexadecimal length', post('Content-Length: 0x5\r\n', 'hello'), 400],
  ['a length with a point', post('Content-Length: 5.0\r\n', 'hello'), 400],
  ['a length with an exponent', post('Content-Length: 5e0\r\n', 'hello'), 400],
  ['a length with a space in it', post('Content-Length: 1 5\r\n', 'hello'), 400],
  ['trailers that frame', post(`${TE}Trailer: x\r\n`, '5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n'), 400],
  ['an empty length', post('Content-Length:\r\n', ''), 400],
  ['a length beyond 64 bits', post('Content-Length: 18446744073709551621\r\n', 'hello'), 400],
  ['a length in other digits', post('Content-Length: \xb2\r\n', 'hello'), 400],
  ['a coding that is not the last', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'), 400],
  ['two codings', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 400],
  ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), 400],
  ['identity', post('Transfer-Encoding: identity\r\n', ''), 400],
  ['chunked twice in a list', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), 400],
  ['chunked twice', post(`${TE}${TE}`, '0\r\n\r\n'), 400],
  ['chunked and identity', post(`${TE}Transfer-Encoding: identity\r\n`, '0\r\n\r\n'), 400],
  ['a coding behind a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'), 400],
  ['a coding behind a comma', post('Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n'), 400],
  ['a coding in quotes', post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'), 400],
  ['a coding with a parameter', post('Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n'), 400],
  ['an empty coding', post('Transfer-Encoding:\r\n', ''), 400],
  ['a space before the colon of the coding', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), 400],
  ['a tab before the colon of the length', post('Content-Length\t: 5\r\n', 'hello'), 400],
  ['a coding with an underscore', post('Transfer_Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'), 400],
  ['a length with an underscore', post('Content_Length: 5\r\n', 'hello'), 400],
  ['a coding behind a folded line', post('X: y\r\n Transfer-Encoding: chunked\r\n', ''), 400],
  ['a folded coding', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'), 400],
  ['a folded header', get('X: one\r\n two\r\n'), 400],
  ['a folded first header', `GET /r/api/a HTTP/1.1\r\n ${H}${A}\r\n`, 400],
  // §7.1: chunks.
  ['a chunk size with a sign', post(TE, '+5\r\nhello\r\n0\r\n\r\n'), 400],
  ['a chunk size with 0x', post(TE, '0x5\r\nhello\r\n0\r\n\r\n'), 400],
  ['a chunk size beyond 64 bits', post(TE, '10000000000000005\r\nhello\r\n0\r\n\r\n'), 400],
  ['a chunk size ended by LF', post(TE, '5\nhello\r\n0\r\n\r\n'), 400],
  ['a chunk ended by LF', post(TE, '5\r\nhello\n0\r\n\r\n'), 400],
  ['a chunk that is too long', post(TE, '4\r\nhello\r\n0\r\n\r\n'), 400],
  ['a chunk size that is none', post(TE, 'zz\r\n0\r\n\r\n'), 400],
  ['a chunk size with a space before it', post(TE, ' 5\r\nhello\r\n0\r\n\r\n'), 400],
  ['an extension with LF in it', post(TE, `2;\nxx\r\n4c\r\n${SMUGGLED}\r\n0\r\n\r\n`), 400],
  ['an extension with CR in it', post(TE, '5;a\rb\r\nhello\r\n0\r\n\r\n'), 400],
  ['an endless extension', post(TE, `5;${'x'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`), 400],
  // §2.2, §5: lines and fields.
  ['lines ended by LF', `GET /r/api/a HTTP/1.1\nHost: localhost\nAuthorization: Bearer ${CREDENTIAL}\n\n`, 505],
  ['one header ended by LF', `GET /r/api/a HTTP/1.1\r\n${H}X: y\n${A}\r\n`, 400],
  ['a head ended by LF', `GET /r/api/a HTTP/1.1\r\n${H}${A}\n`, 400],
  ['a CR in a value', get('X: a\rb\r\n'), 400],
  ['a CR and a header behind it', get('X: a\rTransfer-Encoding: chunked\r\n'), 400],
  ['a NUL in a value', get('X: a\0b\r\n'), 400],
  ['a NUL in a name', get('X\0: a\r\n'), 400],
  ['another control character in a value', get('X: a\x01b\r\n'), 400],
  ['a name that is none', get('X(y): a\r\n'), 400],
  ['no name', get(': a\r\n'), 400],
  ['no colon', get('X\r\n'), 400],
  ['a space before the first header', `GET /r/api/a HTTP/1.1\r\n\x20${H}${A}\r\n`, 400],
  // §3.2: Host.
  ['no Host', `GET /r/api/a HTTP/1.1\r\n${A}\r\n`, 400],
  ['two Hosts', get('Host: other\r\n'), 400],
  ['two Hosts that agree', get(H), 400],
  ['an empty Host', `GET /r/api/a HTTP/1.1\r\nHost:\r\n${A}\r\n`, 400],
  ['a user in Host', `GET /r/api/a HTTP/1.1\r\nHost: a@localhost\r\n${A}\r\n`, 400],
  ['a path in Host', `GET /r/api/a HTTP/1.1\r\nHost: localhost/x\r\n${A}\r\n`, 400],
  ['a list in Host', `GET /r/api/a HTTP/1.1\r\nHost: localhost, other\r\n${A}\r\n`, 400],
  ['Host with a space', `GET /r/api/a HTTP/1.1\r\nHost: local host\r\n${A}\r\n`, 400],
  ['Host with an underscore for its dash', `GET /r/api/a HTTP/1.1\r\n${H}X_Forwarded_Host: a\r\n${A}\r\n`, 400],
  // §3: the request line.
  ['a whole URL', line('GET http://localhost/r/api/a HTTP/1.1'), 400],
  ['a whole URL with another host', line('GET https://evil/r/api/a HTTP/1.1'), 400],
  ['CONNECT', line('CONNECT localhost:443 HTTP/1.1'), 405],
  ['TRACE', line('TRACE /r/api/a HTTP/1.1'), 405],
  ['an asterisk', line('OPTIONS * HTTP/1.1'), 400],
  ['an authority', line('GET localhost:443 HTTP/1.1'), 400],
  ['a fragment', line('GET /r/api/a#b HTTP/1.1'), 400],
  ['a path with bytes beyond ASCII', line('GET /r/api/\xe4 HTTP/1.1'), 400],
  ['a path with a space', line('GET /r/api/a b HTTP/1.1'), 400],
  ['a tab for a space', line('GET\t/r/api/a HTTP/1.1'), 405],
  ['a path with a NUL', line('GET /r/api/\0a HTTP/1.1'), 400],
  ['a method of no known kind', line('SMUGGLE /r/api/a HTTP/1.1'), 405],
  ['a method in lower case', line('get /r/api/a HTTP/1.1'), 405],
  ['HTTP/0.9', 'GET /r/api/a\r\n\r\n', 505],
  ['HTTP/1.0', line('GET /r/api/a HTTP/1.0'), 505],
  ['HTTP/1.0 with chunks', `POST /r/api/a HTTP/1.0\r\n${H}${A}${TE}\r\n0\r\n\r\n`, 505],
  ['HTTP/1.2', line('GET /r/api/a HTTP/1.2'), 505],
  ['HTTP/2.0', line('PRI * HTTP/2.0'), 505],
  ['a version that is none', line('GET /r/api/a HTTP/1.1x'), 505],
  ['another protocol', 'SSH-2.0-OpenSSH_9\r\n\r\n', 405],
  // Who it is from.
  ['two Authorizations', get(`Authorization: Basic eDp5\r\n`), 400],
  ['two Authorizations that agree', get(A), 400],
  ['Authorization with an underscore', get('Authorization_: x\r\nauthorization: y\r\n'), 400],
  ['a credential in the query', get('', `/r/api/a?token=${'gs_http_0123456789abcdefghjk'}`), 400],
  ['a credential in another header', get('X-Token: gs_k8s_0123456789abcdefghjk\r\n'), 400],
  ['access_token', get('', '/r/api/a?access_token=x'), 400],
  ['access_token in escapes', get('', '/r/api/a?x=1&%61ccess%5ftoken=x'), 400],
  ['a token among sub-protocols', get('Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.eA, v4\r\n'), 400],
  // Another request than the one that is seen.
  ['a method override', post('X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n', ''), 400],
  ['a path override', get('X-Original-URL: /admin\r\n'), 400],
  ['a path rewrite', get('X-Rewrite-URL: /admin\r\n'), 400],
  ['two types of content', post('Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n', ''), 400],
  ['two ranges', get('Range: bytes=0-1\r\nRange: bytes=1-2\r\n'), 400],
  ['an unknown expectation', post('Expect: 200-ok\r\nContent-Length: 0\r\n', ''), 417],
  ['two expectations', post('Expect: 100-continue\r\nExpect: x\r\nContent-Length: 0\r\n', ''), 400],
  // Another protocol.
  ['h2c', get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'), 400],
  ['TLS', get('Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n'), 400],
  ['one of several', get('Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n'), 400],
  ['WebSocket with a body', post('Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n', 'hello'), 400],
  ['WebSocket with chunks', post(`Connection: Upgrade\r\nUpgrade: websocket\r\n${TE}`, '0\r\n\r\n'), 400],
  // Too much.
  ['a head that is too long', get(`X: ${'x'.repeat(40_000)}\r\n`), 431],
  ['too many headers', get('X: y\r\n'.repeat(300)), 431],
  ['a path that is too long', get('', `/r/api/${'x'.repeat(40_000)}`), 431],
  // Paths that servers read differently.
  ['an escaped slash', get('', '/r/api/a%2fb'), 400],
  ['an escaped backslash', get('', '/r/api/a%5cb'), 400],
  ['an escaped NUL', get('', '/r/api/a%00b'), 400],
  ['a dot segment', get('', '/r/api/a/../b'), 400],
  ['an escaped dot segment', get('', '/r/api/a/%2e%2e/b'), 400],
  ['one dot', get('', '/r/api/./b'), 400],
  ['an empty segment', get('', '/r/api/a//b'), 400],
  ['two slashes at the beginning', get('', '/r/api//evil/b'), 400],
  ['parameters of a segment', get('', '/r/api/a;b=c/d'), 400],
  ['an escape that is none', get('', '/r/api/a%zz'), 400],
  ['an escape that is cut off', get('', '/r/api/a%2'), 400],
  ['an overlong escape', get('', '/r/api/%c0%ae%c0%ae/b'), 400],
  ['an escape of no text', get('', '/r/api/%ff'), 400],
  ['a backslash', get('', '/r/api/a\\b'), 400],
  ['a query with an escape that is none', get('', '/r/api/a?x=%'), 400],
]

/** Read in one way, and sent so. */
const canonical: readonly (readonly [name: string, bytes: string, line: string, body: string])[] = [
  ['chunks', post(TE, '5\r\nhello\r\n0\r\n\r\n'), 'POST /a HTTP/1.1', 'hello'],
  ['chunks with leading zeros', post(TE, '0005\r\nhello\r\n000\r\n\r\n'), 'POST /a HTTP/1.1', 'hello'],
  ['chunks with extensions', post(TE, '5;a=b;c="d"\r\nhello\r\n0;x\r\n\r\n'), 'POST /a HTTP/1.1', 'hello'],
  [
    'chunks and trailers, which end here',
    post(`${TE}Trailer: x\r\n`, '5\r\nhello\r\n0\r\nX-Admin: 1\r\nAuthorization: x\r\n\r\n'),
    'POST /a HTTP/1.1',
    'hello',
  ],
  ['a coding in upper case', post('TRANSFER-ENCODING: CHUNKED\r\n', '5\r\nhello\r\n0\r\n\r\n'), 'POST /a HTTP/1.1', 'hello'],
  ['a length with zeros before it', post('Content-Length: 005\r\n', 'hello'), 'POST /a HTTP/1.1', 'hello'],
  ['a length between spaces', post('Content-Length:  5 \r\n', 'hello'), 'POST /a HTTP/1.1', 'hello'],
  ['a body that looks like a request', post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED), 'POST /a HTTP/1.1', SMUGGLED],
  ['GET with a body', get('Content-Length: 5\r\n').concat('hello'), 'GET /a HTTP/1.1', 'hello'],
  ['DELETE with chunks', `DELETE /r/api/a HTTP/1.1\r\n${H}${A}${TE}\r\n5\r\nhello\r\n0\r\n\r\n`, 'DELETE /a HTTP/1.1', 'hello'],
  ['Connection that names what matters', get('Connection: close, Accept, Host, Authorization\r\nAccept: x/y\r\n'), 'GET /a HTTP/1.1', ''],
  ['TE and Keep-Alive', get('TE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n'), 'GET /a HTTP/1.1', ''],
  [
    'what proxies say',
    get('X-Forwarded-For: 1.2.3.4\r\nForwarded: for=x\r\nX-Real-IP: 1\r\nVia: 1.1 a\r\nX-Forwarded-Host: b\r\n'),
    'GET /a HTTP/1.1',
    '',
  ],
  [
    'credentials for others',
    get('Proxy-Authorization: Basic eDp5\r\nX-Api-Key: mine\r\nPRIVATE-TOKEN: mine\r\nCookie: a=b\r\n'),
    'GET /a HTTP/1.1',
    '',
  ],
  ['Upgrade that Connection does not name', get('Upgrade: h2c\r\n'), 'GET /a HTTP/1.1', ''],
  ['escapes of what needs none', get('', '/r/api/%61%7e%2D?%71=%7e'), 'GET /a~-?q=~ HTTP/1.1', ''],
  ['escapes in lower case', get('', '/r/api/%c3%a4?x=%2f'), 'GET /%C3%A4?x=%2F HTTP/1.1', ''],
  ['what is no URL in a query', get('', '/r/api/a?x=[1]|{2}"^`'), 'GET /a?x=%5B1%5D%7C%7B2%7D%22%5E%60 HTTP/1.1', ''],
  ['a query that is empty', get('', '/r/api/a?'), 'GET /a? HTTP/1.1', ''],
  ['a query with a path in it', get('', '/r/api/a?/../../b'), 'GET /a?/../../b HTTP/1.1', ''],
  ['two spaces', line('GET  /r/api/a HTTP/1.1'), 'GET /a HTTP/1.1', ''],
  ['empty lines before it', `\r\n\r\n${get('')}`, 'GET /a HTTP/1.1', ''],
]

describe('a request that servers could read differently', () => {
  it.each(refused)('goes nowhere: %s', async (_, bytes, status) => {
    const { port, received } = await open((_, response) => response.end('reached'))
    for (const cut of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const socket = await dial(port)
      const answer = wholeAnswer(socket)
      socket.write(bytes.slice(0, cut), 'latin1')
      if (cut > 0) await sleep(2)
      // A good one behind it must not be answered as if that were in its place.
      socket.write(bytes.slice(cut), 'latin1')
      const text = await answer
      socket.destroy()
      expect(text.slice(9, 12)).toBe(String(status))
      expect(text).not.toContain('reached')
      expect(text).not.toContain(CREDENTIAL)
    }
    expect(received.join('')).toBe('')
  })
})

describe('a request with one meaning', () => {
  it.each(canonical)('reaches its target in one form: %s', async (_, bytes, first, body) => {
    const { port, received } = await open((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => response.end(`<${Buffer.concat(chunks).toString('latin1')}>`))
    })
    const socket = await dial(port)
    const answer = wholeAnswer(socket)
    socket.write(bytes, 'latin1')
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(received).toHaveLength(1)
    const [head = '', rest = ''] = split(received[0]!.toString('latin1'))
    const lines = head.split('\r\n')
    expect(lines[0]).toBe(first)
    const names = lines.slice(1).map((each) => each.slice(0, each.indexOf(':')).toLowerCase())
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(KNOWN.has(name), name).toBe(true)
    expect(names.filter((name) => name === 'host' || name === 'authorization' || name === 'connection')).toHaveLength(3)
    expect(dechunked(head, rest)).toBe(body)
    expect(received[0]!.toString('latin1').includes(CREDENTIAL)).toBe(false)
  })
})

/** All that any of these may come to. */
const KNOWN = new Set(['host', 'connection', 'authorization', 'accept-encoding', 'content-length', 'transfer-encoding'])

function split(bytes: string): [string, string] {
  const at = bytes.indexOf('\r\n\r\n')
  return [bytes.slice(0, at), bytes.slice(at + 4)]
}

function dechunked(head: string, rest: string): string {
  if (!/transfer-encoding: chunked/i.test(head)) return rest
  const parts: string[] = []
  for (let at = 0; ; ) {
    const end = rest.indexOf('\r\n', at)
    const size = Number.parseInt(rest.slice(at, end), 16)
    if (size === 0) return parts.join('')
    parts.push(rest.slice(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
