import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findAmbientIdentity } from './ambient-identity.ts'

const audience = 'https://gw.example.org'
let folder: string
let github: Server
let asked: { url: string; authorization: string | undefined }[]
let status: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-launch-'))
  asked = []
  status = 200
  // GitHub's minting endpoint exists inside a job only: this answers as its documentation says.
  github = createServer((request, response) => {
    asked.push({ url: request.url!, authorization: request.headers.authorization })
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ value: 'from.git.hub' }))
  })
  await new Promise<void>((resolve) => github.listen(0, '127.0.0.1', () => resolve()))
})
afterEach(() => {
  github.close()
  rmSync(folder, { recursive: true, force: true })
})

const inGitHub = () => ({
  ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}/mint?api-version=2.0`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
})
const file = (content: string): string => {
  const path = join(folder, 'token')
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

it('asks GitHub Actions for a token made for the gateway', async () => {
  expect(await findAmbientIdentity({ env: inGitHub(), audience })).toEqual({ source: 'github', token: 'from.git.hub' })
  expect(asked).toEqual([{ url: `/mint?api-version=2.0&audience=${encodeURIComponent(audience)}`, authorization: 'Bearer request-token' }])
})

it('says what GitHub Actions answered, without the request token', async () => {
  status = 403
  await expect(findAmbientIdentity({ env: inGitHub(), audience })).rejects.toMatchObject({
    code: 'GS_LAUNCH_IDENTITY_FAILED',
    message: expect.stringMatching(/status 403(?!.*request-token)/),
  })
})

it.each<[string, Record<string, string>, string]>([
  ["GitLab's id_tokens", { GITLAB_CI: 'true', GATESCRIBE_ID_TOKEN: 'a.b.c' }, 'gitlab'],
  ['a variable', { GATESCRIBE_ID_TOKEN: 'a.b.c\n' }, 'environment'],
])('takes %s', async (_, env, source) => {
  expect(await findAmbientIdentity({ env, audience })).toEqual({ source, token: 'a.b.c' })
})

it('takes a file that the environment or the caller names, the caller first', async () => {
  const path = file('d.e.f\n')
  expect(await findAmbientIdentity({ env: { GATESCRIBE_ID_TOKEN_FILE: path }, audience })).toEqual({ source: 'file', token: 'd.e.f' })
  expect(await findAmbientIdentity({ env: { GATESCRIBE_ID_TOKEN: 'a.b.c' }, audience, tokenFile: path })).toEqual({
    source: 'file',
    token: 'd.e.f',
  })
})

it('says what is missing, and names a file that cannot be read or is no token', async () => {
  await expect(findAmbientIdentity({ env: {}, audience })).rejects.toMatchObject({ code: 'GS_LAUNCH_NO_IDENTITY' })
  await expect(findAmbientIdentity({ env: {}, audience, tokenFile: join(folder, 'absent') })).rejects.toMatchObject({
    code: 'GS_LAUNCH_IDENTITY_FAILED',
    message: expect.stringContaining('ENOENT'),
  })
  await expect(findAmbientIdentity({ env: {}, audience, tokenFile: file('x'.repeat(20_000)) })).rejects.toMatchObject({
    code: 'GS_LAUNCH_IDENTITY_FAILED',
  })
  await expect(findAmbientIdentity({ env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, audience })).rejects.toMatchObject({
    code: 'GS_LAUNCH_IDENTITY_FAILED',
    message: expect.stringContaining('/var/run/secrets/gatescribe/token'),
  })
})
