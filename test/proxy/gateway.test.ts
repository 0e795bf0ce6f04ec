import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { promisify } from 'node:util'
import { fetch, ProxyAgent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { found, needs } from '../parts/require.ts'
import { issueTestCertificates, type TestCertificates } from '../parts/test-certificates.ts'

let issuer: TestIssuer
let gateway: RunningGateway
let certificates: TestCertificates
let site: ReturnType<typeof createServer>
let echo: TcpServer
let folder: string
let served = 0
const port = () => (site.address() as AddressInfo).port
const plainPort = () => (echo.address() as AddressInfo).port

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-proxy-'))
  certificates = await issueTestCertificates()
  const { certificate: cert, key } = certificates.server
  site = createServer({ cert, key }, (request, response) => {
    served += 1
    if (request.url === '/open') return void response.write('begun')
    response.end(`you are at ${request.url}`)
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  echo = createTcpServer((socket) => socket.on('error', () => undefined).pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  issuer = await startIssuer()
  gateway = await startGateway({
    issuer,
    targets: [],
    adjust(config) {
      config.gateway.listen = { proxy: '127.0.0.1:0', token: '127.0.0.1:0' }
      config.resources = [
        { name: 'site', kind: 'egress', hosts: [`localhost:${port()}`, `127.0.0.1:${plainPort()}/plain`], private: true },
        { name: 'closed', kind: 'egress', hosts: [`closed.localhost:${port()}`, `*.wild.localhost:${port()}`], private: true },
        { name: 'public-only', kind: 'egress', hosts: [`127.0.0.1:${port()}`] },
      ]
      config.rules = [
        {
          name: 'site-and-public',
          effect: 'allow',
          who: { groups: [JOB_GROUP] },
          on: { resources: ['site', 'public-only'] },
          do: ['egress.connect'],
        },
        { name: 'not-there', effect: 'allow', on: { resources: ['closed'] }, do: ['egress.connect'], when: 'egress.host == "no.other"' },
      ]
    },
  })
})
afterAll(async () => {
  await gateway?.remove()
  await issuer?.close()
  site?.closeAllConnections()
  await new Promise((resolve) => (site ? site.close(resolve) : resolve(undefined)))
  await new Promise((resolve) => (echo ? echo.close(resolve) : resolve(undefined)))
  rmSync(folder, { recursive: true, force: true })
})

async function inRun() {
  const { planes, run, handle } = await gateway.credential()
  return { run, handle, proxy: planes.proxy! }
}

/** What the proxy answers to these bytes, until it ends or has said `until`. */
function raw(bytes: string, until: RegExp = /\r\n\r\n/): Promise<{ said: string; socket: ReturnType<typeof tlsConnect> }> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: '127.0.0.1', port: proxyPort, servername: 'localhost', ca: gateway.ca })
    let said = ''
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1')
      if (until.test(said)) resolve({ said, socket })
    })
    socket.once('end', () => resolve({ said, socket }))
    socket.once('error', reject)
    socket.write(bytes)
  })
}
let proxyPort = 0

const connectTo = (authority: string, credential: string, more = '') =>
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Bearer ${credential}\r\n${more}\r\n`

async function entries(done: (entries: readonly EntryAnswer[]) => boolean): Promise<readonly EntryAnswer[]> {
  const all: EntryAnswer[] = []
  await expect
    .poll(async () => {
      all.length = 0
      const reading = { from: 0, follow: false, opened: true, filter: {} }
      for await (const entry of gateway.operator.trail(reading, AbortSignal.timeout(20_000))) all.push(entry)
      return done(all)
    })
    .toBe(true)
  return all
}

describe('the forward proxy', () => {
  it('is told to jobs with a credential of its own, and takes undici through', async () => {
    const { run, proxy } = await inRun()
    proxyPort = proxy.port
    expect(proxy.credential).toMatch(/^gs_proxy_/)
    const dispatcher = new ProxyAgent({
      uri: `https://localhost:${proxy.port}`,
      token: `Bearer ${proxy.credential}`,
      proxyTls: { ca: gateway.ca },
      requestTls: { ca: certificates.ca },
    })
    const response = await fetch(`https://localhost:${port()}/here`, { dispatcher })
    expect(await response.text()).toBe('you are at /here')
    await dispatcher.close()
    const all = await entries((each) => each.some(({ kind }) => kind === 'operation.outcome'))
    const text = JSON.stringify(all)
    expect(all.some(({ kind, fields }) => kind === 'session.open' && fields.run === run)).toBe(true)
    expect(text).toContain(`CONNECT localhost:${port()}`)
    expect(text).not.toContain(proxy.credential)
    const outcome = all.findLast(({ kind }) => kind === 'operation.outcome')
    expect(JSON.stringify(outcome)).toContain('completed')
  })

  it('takes curl through, with the credential as a password', async (test) => {
    needs(test, found('curl'), 'curl')
    const { run, proxy } = await inRun()
    writeFileSync(join(folder, 'ca.pem'), `${gateway.ca}\n${certificates.ca}`)
    const { stdout } = await promisify(execFile)('curl', [
      ...['-sS', '--max-time', '10', '--cacert', join(folder, 'ca.pem'), '--proxy-cacert', join(folder, 'ca.pem')],
      ...['-x', `https://${run}:${proxy.credential}@localhost:${proxy.port}`, `https://localhost:${port()}/curl`],
    ])
    expect(stdout).toBe('you are at /curl')
  })

  it('carries what is not TLS to ports that are configured so', async () => {
    const { proxy } = await inRun()
    const { said, socket } = await raw(`${connectTo(`127.0.0.1:${plainPort()}`, proxy.credential)}hello, `)
    expect(said).toMatch(/^HTTP\/1.1 200 /)
    socket.write('you')
    await new Promise<void>((resolve) => {
      let back = said.slice(said.indexOf('\r\n\r\n') + 4)
      const look = (chunk: Buffer | string) => {
        back += chunk.toString()
        if (back.includes('hello, you')) resolve()
      }
      look('')
      socket.on('data', look)
    })
    socket.destroy()
  })

  it('lets a client that has said all hear the rest', async () => {
    const { proxy } = await inRun()
    const { said, socket } = await raw(connectTo(`127.0.0.1:${plainPort()}`, proxy.credential))
    expect(said).toMatch(/^HTTP\/1.1 200 /)
    const heard: Buffer[] = []
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    const all = Buffer.alloc(300_000, 'all that there is. ')
    socket.end(all)
    await new Promise((resolve) => socket.once('end', resolve))
    expect(Buffer.concat(heard).equals(all)).toBe(true)
  })

  it.each([
    ['a host that no resource names', () => 'elsewhere.test:443', 403, 'GS_PROXY_DESTINATION_UNKNOWN', 'http_request_denied'],
    [
      'another port of a host that is named',
      () => `localhost:${port() === 443 ? 444 : 443}`,
      403,
      'GS_PROXY_DESTINATION_UNKNOWN',
      'http_request_denied',
    ],
    ['what no rule allows', () => `closed.localhost:${port()}`, 403, 'GS_POLICY_DENIED', 'http_request_denied'],
    ['a name with a star, which no rule allows', () => `a.wild.localhost:${port()}`, 403, 'GS_POLICY_DENIED', 'http_request_denied'],
    ['two labels where one is named', () => `a.b.wild.localhost:${port()}`, 403, 'GS_PROXY_DESTINATION_UNKNOWN', 'http_request_denied'],
    ['a name that stands for a private address', () => `127.0.0.1:${port()}`, 403, 'GS_PROXY_ADDRESS_REFUSED', 'destination_ip_prohibited'],
    ['no port', () => 'localhost', 400, 'GS_PROXY_AUTHORITY', 'http_request_error'],
    ['an address in other digits', () => `2130706433:${port()}`, 400, 'GS_PROXY_AUTHORITY', 'http_request_error'],
    ['a user', () => `a@localhost:${port()}`, 400, 'GS_PROXY_AUTHORITY', 'http_request_error'],
  ])('refuses %s', async (_, authority, status, code, called) => {
    const { proxy } = await inRun()
    const before = served
    const { said } = await raw(connectTo(authority(), proxy.credential), /\}\}/)
    expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(said).toContain(`Proxy-Status: gatescribe; error=${called}; details="${code}"`)
    expect(JSON.parse(said.slice(said.indexOf('\r\n\r\n')))).toMatchObject({ error: { code } })
    expect(served).toBe(before)
  })

  it('asks for a credential, takes only its own, and says what it does not carry', async () => {
    const { proxy } = await inRun()
    const { said } = await raw(`CONNECT localhost:${port()} HTTP/1.1\r\n\r\n`, /\}\}/)
    expect(said).toMatch(/^HTTP\/1.1 407 [\s\S]*Proxy-Authenticate: Basic realm="gatescribe"/)
    expect((await raw(connectTo(`localhost:${port()}`, 'sk-proj-somebody-elses'), /\}\}/)).said).toMatch(/^HTTP\/1.1 407 /)
    const get = await raw(
      `GET http://localhost:${port()}/ HTTP/1.1\r\nHost: localhost\r\nProxy-Authorization: Bearer ${proxy.credential}\r\n\r\n`,
      /\}\}/,
    )
    expect(get.said).toMatch(/^HTTP\/1.1 405 /)
    expect(get.said).toContain('GS_PROXY_ONLY_CONNECT')
    expect((await raw(`CONNECT localhost:1 HTTP/1.1\r\nX: ${'a'.repeat(9_000)}\r\n\r\n`, /\}\}/)).said).toMatch(/^HTTP\/1.1 431 /)
  })

  it('ends what asks TLS for another name, or hides it, or is no TLS', async () => {
    const { proxy } = await inRun()
    const before = served
    const { socket } = await raw(connectTo(`localhost:${port()}`, proxy.credential))
    const failure = new Promise<Error>((resolve) =>
      tlsConnect({ socket, servername: 'elsewhere.test', ca: certificates.ca }).once('error', resolve),
    )
    expect((await failure).message).toMatch(/access denied/)
    const second = await raw(connectTo(`localhost:${port()}`, proxy.credential))
    const ended = new Promise((resolve) => second.socket.once('close', resolve))
    second.socket.write('GET / HTTP/1.1\r\n\r\n')
    await ended
    expect(served).toBe(before)
  })

  it('does not lead back to the gateway itself', async () => {
    const { proxy } = await inRun()
    await gateway.reconfigure({
      resources: [
        ...(gateway.config.resources ?? []),
        { name: 'own', kind: 'egress', hosts: [`localhost:${gateway.tokenPort}`], private: true },
      ],
      rules: [...(gateway.config.rules ?? []), { name: 'own-too', effect: 'allow', on: { resources: ['own'] }, do: ['egress.*'] }],
    })
    const { said } = await raw(connectTo(`localhost:${gateway.tokenPort}`, proxy.credential), /\}\}/)
    expect(said).toContain('GS_PROXY_ADDRESS_REFUSED')
  })

  it('cuts what goes on when the run is over, and keeps in the trail where it wanted to go in vain', async () => {
    const { run, proxy } = await inRun()
    const { socket } = await raw(connectTo(`localhost:${port()}`, proxy.credential))
    const tls = tlsConnect({ socket, servername: 'localhost', ca: certificates.ca })
    await new Promise<void>((resolve, reject) => {
      tls.once('error', reject)
      tls.once('secureConnect', resolve)
    })
    const closed = new Promise((resolve) => tls.once('close', resolve))
    await raw(connectTo('elsewhere.test:443', proxy.credential), /\}\}/)
    await gateway.operator.revokeRun(run)
    await closed
    const all = await entries((each) => each.some(({ kind, fields }) => kind === 'egress.refused' && fields.run === run))
    expect(JSON.stringify(all.find(({ kind, fields }) => kind === 'egress.refused' && fields.run === run))).toContain('elsewhere.test')
  })
})
