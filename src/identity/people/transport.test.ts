import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, expect, it } from 'vitest'
import { ADDRESS, startPeople } from '../../../test/parts/people.ts'
import { REDIRECT_URI } from '../../../test/parts/people-issuer.ts'
import { issueTestCertificates } from '../../../test/parts/test-certificates.ts'

const trusted = getCACertificates('default')
const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})
afterAll(() => setDefaultCACertificates(trusted))

/** An issuer behind TLS, as far as its discovery document. @param names that its certificate is for */
async function startTlsIssuer(names: readonly string[], answer?: RequestListener) {
  const { ca, server: own } = await issueTestCertificates(names)
  const server = createServer({ cert: own.certificate, key: own.key }, (request, response) => {
    if (answer) return answer(request, response)
    const base = `https://localhost:${(server.address() as AddressInfo).port}`
    const document = { issuer: base, authorization_endpoint: `${base}/auth`, token_endpoint: `${base}/token`, jwks_uri: `${base}/jwks` }
    response.end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  ended.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { ca, url: `https://localhost:${(server.address() as AddressInfo).port}` }
}

function begin(issuer: string) {
  const at = startPeople([{ name: 'okta', issuer, clientId: 'gatescribe', groups: [], link: {} }])
  ended.push(() => at.close())
  return at.people.begin({ issuer: 'okta', redirectUri: REDIRECT_URI, address: ADDRESS })
}

it('speaks to an issuer whose certificate is trusted and has its name, and to no other', async () => {
  const unknown = await startTlsIssuer(['localhost'])
  await expect(begin(unknown.url)).rejects.toMatchObject({
    code: 'GS_PEOPLE_ISSUER_UNAVAILABLE',
    message: expect.stringMatching(/CERT|SIGNATURE/),
  })
  setDefaultCACertificates([...trusted, unknown.ca])
  await expect(begin(unknown.url)).resolves.toMatchObject({ url: expect.stringContaining(`${unknown.url}/auth?`) })
  const other = await startTlsIssuer(['elsewhere.example'])
  setDefaultCACertificates([...trusted, other.ca])
  await expect(begin(other.url)).rejects.toMatchObject({
    code: 'GS_PEOPLE_ISSUER_UNAVAILABLE',
    message: expect.stringContaining('ALTNAME'),
  })
})

it('follows no redirect to another place for the discovery document', async () => {
  let asked = 0
  const elsewhere = await startTlsIssuer(['localhost'], (_, response) => {
    asked++
    response.end('{}')
  })
  const issuer = await startTlsIssuer(['localhost'], (_, response) => {
    response.writeHead(302, { location: `${elsewhere.url}/.well-known/openid-configuration` }).end()
  })
  setDefaultCACertificates([...trusted, issuer.ca, elsewhere.ca])
  await expect(begin(issuer.url)).rejects.toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNAVAILABLE', message: expect.stringContaining('302') })
  expect(asked).toBe(0)
})

it('does not start with an issuer in plaintext, but for one on this machine that was asked for', async () => {
  for (const issuer of [
    'http://acme.example',
    'http://127.0.0.1:1',
    'http://user:secret@127.0.0.1:1',
    'https://user:secret@acme.example',
    'ftp://acme.example',
    'x',
  ])
    expect(() => begin(issuer)).toThrow(expect.objectContaining({ code: 'GS_PEOPLE_ISSUER_UNSAFE' }))
})
