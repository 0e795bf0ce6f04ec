import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findAmbientIdentity } from './ambient-identity.ts'

const audience = 'https://gw.example.org'
const TOKEN = 'aGVhZA.cGF5bG9hZA.c2lnbg'

/** The endpoints of the platforms exist there only: this answers as their documentation says. */
let server: Server
let port: number
let asked: { method: string; url: string; headers: Record<string, unknown>; body: string }[]
let answer: { status: number; body: string }
let folder: string

beforeEach(async () => {
  asked = []
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-launch-'))
  server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    asked.push({ method: request.method ?? '', url: request.url ?? '', headers: { ...request.headers }, body })
    response.writeHead(answer.status, answer.status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  port = (server.address() as AddressInfo).port
})
afterEach(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const find = (env: Record<string, string>, product = '') => findAmbientIdentity({ env, audience, machine: async () => product })

describe('Azure', () => {
  const federated = () => {
    const path = join(folder, 'federated')
    writeFileSync(path, 'pod.own.token\n')
    const ids = { AZURE_CLIENT_ID: 'client-1', AZURE_TENANT_ID: 'tenant-1' }
    return { AZURE_FEDERATED_TOKEN_FILE: path, AZURE_AUTHORITY_HOST: `http://127.0.0.1:${port}/`, ...ids }
  }

  it('exchanges the token of the pod at Entra ID for one that is for the gateway', async () => {
    answer = { status: 200, body: JSON.stringify({ token_type: 'Bearer', access_token: TOKEN }) }
    expect(await find(federated())).toEqual({ source: 'entra', token: TOKEN })
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/tenant-1/oauth2/v2.0/token' })
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toMatchObject({
      ...{ grant_type: 'client_credentials', client_id: 'client-1', client_assertion: 'pod.own.token' },
      scope: 'https://gw.example.org/.default',
    })
  })

  it('sends it to nobody in plaintext', async () => {
    await expect(find({ ...federated(), AZURE_AUTHORITY_HOST: 'http://login.example.org/' })).rejects.toMatchObject({
      code: 'GS_LAUNCH_IDENTITY_FAILED',
      message: expect.stringContaining('https'),
    })
  })

  it('asks Azure DevOps for the token of the job', async () => {
    answer = { status: 200, body: JSON.stringify({ oidcToken: TOKEN }) }
    const env = { SYSTEM_OIDCREQUESTURI: `http://127.0.0.1:${port}/jobs/1/oidctoken`, SYSTEM_ACCESSTOKEN: 'pipeline' }
    expect(await find(env)).toEqual({ source: 'azure-devops', token: TOKEN })
    expect(asked[0]).toMatchObject({
      method: 'POST',
      url: '/jobs/1/oidctoken?api-version=7.1',
      headers: { authorization: 'Bearer pipeline' },
    })
  })

  it('asks the endpoint of a managed identity', async () => {
    answer = { status: 200, body: JSON.stringify({ access_token: TOKEN }) }
    const env = { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: 'header-1' }
    expect(await find(env)).toEqual({ source: 'azure-managed', token: TOKEN })
    const query = `api-version=2019-08-01&resource=${encodeURIComponent(audience)}`
    expect(asked[0]).toMatchObject({ url: `/msi/token?${query}`, headers: { 'x-identity-header': 'header-1' } })
  })

  it('takes no opaque token, which proves nothing to a gateway', async () => {
    answer = { status: 200, body: JSON.stringify({ access_token: 'opaque-0123456789' }) }
    const env = { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: 'header-1' }
    await expect(find(env)).rejects.toMatchObject({ message: expect.stringMatching(/JWT(?!.*opaque)/) })
  })
})

describe('Google', () => {
  it('asks the metadata server for an identity token for the gateway', async () => {
    answer = { status: 200, body: `${TOKEN}\n` }
    expect(await find({ GCE_METADATA_HOST: `127.0.0.1:${port}` })).toEqual({ source: 'google', token: TOKEN })
    expect(asked[0]?.url).toBe(
      `/computeMetadata/v1/instance/service-accounts/default/identity?audience=${encodeURIComponent(audience)}&format=full`,
    )
    expect(asked[0]?.headers['metadata-flavor']).toBe('Google')
  })
})

describe('an endpoint that mints', () => {
  const env = () => ({ GCE_METADATA_HOST: `127.0.0.1:${port}` })

  it.each<[string, { status: number; body: string }, string]>([
    ['refuses', { status: 404, body: 'no service account' }, 'status 404'],
    ['sends us elsewhere', { status: 302, body: '' }, 'could not be reached'],
    ['says too much', { status: 200, body: 'x'.repeat(100_000) }, 'too much'],
    ['says nothing', { status: 200, body: '' }, 'JWT'],
  ])('is not taken at its word where it %s', async (_, said, message) => {
    answer = said
    await expect(find(env())).rejects.toMatchObject({ code: 'GS_LAUNCH_IDENTITY_FAILED', message: expect.stringContaining(message) })
  })
})

describe('where nothing in the environment says what the machine is', () => {
  it('nobody is asked over the network, unless the firmware says so', async () => {
    await expect(find({}, 'Standard PC (Q35 + ICH9, 2009)')).rejects.toMatchObject({ code: 'GS_LAUNCH_NO_IDENTITY' })
    expect(asked).toEqual([])
  })

  it('is looked for where it was named, and nowhere else', async () => {
    await expect(findAmbientIdentity({ env: { GATESCRIBE_ID_TOKEN: 'a.b.c' }, audience, source: 'file' })).rejects.toMatchObject({
      message: expect.stringContaining('GATESCRIBE_ID_TOKEN_FILE'),
    })
  })
})
