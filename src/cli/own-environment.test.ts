import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { OwnRunAnswer } from '../api/admin/own-run-schemas.ts'
import { ownEnvironment } from './own-environment.ts'

let folder: string
let env: Record<string, string>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-own-'))
  env = { XDG_CONFIG_HOME: folder }
  mkdirSync(join(folder, 'gatescribe'), { mode: 0o700 })
})
afterEach(() => rmSync(folder, { recursive: true }))

const begun = (planes: OwnRunAnswer['planes'], run = 'run_one'): OwnRunAnswer => ({
  ...{ run, expiresAt: '2026-11-27T03:00:00.000Z', until: '2026-11-27T12:00:00.000Z', resource: 'prod' },
  planes,
})
const kubernetes = { kubernetes: { url: 'https://gw:8443/r/prod', credential: 'gs_k8s_secret' } }
const kept = () => readdirSync(join(folder, 'gatescribe'))

it('points kubectl at a kubeconfig of its own, which goes when its command has ended', () => {
  writeFileSync(join(folder, 'ca.pem'), 'PEM')
  const { variables, forget } = ownEnvironment(begun(kubernetes), join(folder, 'ca.pem'), { env })
  const path = variables.KUBECONFIG!
  expect(Object.keys(variables)).toEqual(['KUBECONFIG'])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(parse(readFileSync(path, 'utf8'))).toMatchObject({
    'current-context': 'prod',
    clusters: [{ cluster: { server: 'https://gw:8443/r/prod', 'certificate-authority-data': 'UEVN' } }],
    users: [{ user: { token: 'gs_k8s_secret' } }],
  })
  forget()
  expect(kept()).toEqual([])
})

it('removes what shells were pointed at a day ago, and nothing else', () => {
  const old = join(folder, 'gatescribe', 'kubeconfig-run_old')
  for (const path of [old, join(folder, 'gatescribe', 'sessions.json')]) {
    writeFileSync(path, '')
    utimesSync(path, 1, 1)
  }
  ownEnvironment(begun(kubernetes), undefined, { env })
  expect(kept().sort()).toEqual(['kubeconfig-run_one', 'sessions.json'])
})

it('writes nowhere else, whatever a run is called, and sends no credential in plaintext', () => {
  expect(() => ownEnvironment(begun(kubernetes, '../run_x'), undefined, { env })).toThrow(
    expect.objectContaining({ code: 'GS_LAUNCH_ANSWER' }),
  )
  const plain = { kubernetes: { ...kubernetes.kubernetes, url: 'http://gw/r/prod' } }
  expect(() => ownEnvironment(begun(plain), undefined, { env })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_ANSWER' }))
  expect(kept()).toEqual([])
})

it('tells clients of other APIs where it is, and by what they are known there', () => {
  const http = { url: 'https://gw:8443/r/prod', credential: 'gs_http_secret' }
  expect(ownEnvironment(begun({ http }), '/ca.pem', { env }).variables).toEqual({
    GATESCRIBE_HTTP_URL: http.url,
    GATESCRIBE_HTTP_TOKEN: http.credential,
    GATESCRIBE_HTTP_CA: '/ca.pem',
  })
  const broken = { ...http, credential: 'a\nPATH=/evil' }
  expect(() => ownEnvironment(begun({ http: broken }), undefined, { env })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_ANSWER' }))
})

it('points the SDK of a model, and clients of an MCP server, at it, also by the names that an operator gave', () => {
  const plane = { url: 'https://gw:8443/r/it', credential: 'gs_model_secret', env: { url: 'MY_URL', token: 'MY_TOKEN' } }
  const of = (planes: object) => ownEnvironment(begun(planes as never), '/ca.pem', { env }).variables
  expect(of({ model: { ...plane, api: 'openai' } })).toEqual({
    ...{ OPENAI_BASE_URL: plane.url, OPENAI_API_KEY: plane.credential, NODE_EXTRA_CA_CERTS: '/ca.pem' },
    ...{ MY_URL: plane.url, MY_TOKEN: plane.credential },
  })
  expect(of({ model: { ...plane, api: 'anthropic' } })).toMatchObject({
    ANTHROPIC_BASE_URL: plane.url,
    ANTHROPIC_API_KEY: plane.credential,
  })
  expect(of({ model: { ...plane, api: 'azure-openai' } })).toMatchObject({ AZURE_OPENAI_ENDPOINT: plane.url })
  expect(of({ mcp: plane })).toEqual({
    ...{ GATESCRIBE_MCP_URL: plane.url, GATESCRIBE_MCP_TOKEN: plane.credential, GATESCRIBE_MCP_CA: '/ca.pem' },
    ...{ MY_URL: plane.url, MY_TOKEN: plane.credential },
  })
  for (const name of ['PATH', 'LD_PRELOAD', 'a b', 'PYTHONPATH'])
    expect(() => of({ mcp: { ...plane, env: { url: name } } })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_ANSWER' }))
})
