import { Agent, request } from 'node:https'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { needs } from '../parts/require.ts'
import type { WatchedServer } from './watching.ts'
import { startWorld, type World } from './world.ts'

/*
 * Where no mask applies, an answer is the API server's own: in every form that clients ask for, byte by byte, with the headers that say what it is. K8-01 to K8-03.
 */

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

let world: World
let direct: WatchedServer
let gateway: WatchedServer
const agent = new Agent({ keepAlive: true })
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startWorld()
  const { cluster, inFront } = world
  await cluster.pod('web')
  for (let number = 0; number < 30; number += 1)
    await cluster.request('POST', '/api/v1/namespaces/default/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `map-${number}`, labels: { tier: number % 2 ? 'odd' : 'even' } },
      data: { text: 'lorem ipsum '.repeat(1000) },
    })
  direct = { server: cluster.url, ca: cluster.ca, token: 'robot-0123456789abcdef' }
  const { server, token } = await inFront.kubeconfig()
  gateway = { server, token, ca: inFront.gateway.ca }
})
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))
afterAll(async () => {
  agent.destroy()
  await world?.stop()
})

function ask(at: WatchedServer, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${at.server}${path}`,
      { agent, ca: at.ca, headers: { authorization: `Bearer ${at.token}`, ...headers } },
      (answer) => {
        const pieces: Buffer[] = []
        answer.on('data', (piece: Buffer) => pieces.push(piece))
        answer.once('error', reject)
        answer.once('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) }))
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}

/** The same from either. A table has ages in it: where a second was over between the two, once more. */
async function both(path: string, headers: Readonly<Record<string, string>>) {
  for (;;) {
    const own = await ask(direct, path, headers)
    const carried = await ask(gateway, path, headers)
    if (carried.body.equals(own.body) || (await ask(direct, path, headers)).body.equals(own.body)) return { own, carried }
  }
}

/** Of this hop alone, or another one each time. */
const OWN = new Set(['date', 'audit-id', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'])
const said = (answer: Answer) => Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !OWN.has(name)))

/** What the gateway puts on every answer, so that no browser takes one for a page. */
const ADDED = { 'content-security-policy': 'sandbox', 'x-content-type-options': 'nosniff' }

const MAPS = '/api/v1/namespaces/default/configmaps'
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const METADATA = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

describe('an answer that no mask is about', () => {
  it.each([
    ['an object', `${MAPS}/map-1`, {}],
    ['an object in YAML', `${MAPS}/map-1`, { accept: 'application/yaml' }],
    ['an object in protobuf', `${MAPS}/map-1`, { accept: 'application/vnd.kubernetes.protobuf' }],
    ['an object in CBOR', `${MAPS}/map-1`, { accept: 'application/cbor' }],
    ['a list', MAPS, {}],
    ['a list in protobuf', MAPS, { accept: 'application/vnd.kubernetes.protobuf' }],
    ['a list, compressed', MAPS, { 'accept-encoding': 'gzip' }],
    ['a list in protobuf, compressed', MAPS, { accept: 'application/vnd.kubernetes.protobuf', 'accept-encoding': 'gzip' }],
    ['a page of a list', `${MAPS}?limit=7`, {}],
    ['a list by labels', `${MAPS}?labelSelector=tier%20in%20%28odd%29`, {}],
    ['a table', MAPS, { accept: TABLE }],
    ['a table of pods', '/api/v1/pods', { accept: TABLE }],
    ['metadata alone', MAPS, { accept: METADATA }],
    ['an object that is not there', `${MAPS}/nobody`, {}],
    ['a form that there is not', `${MAPS}/map-1`, { accept: 'text/html' }],
    ['discovery', '/apis', {}],
    ['discovery of a group', '/apis/apps/v1', {}],
    ['aggregated discovery', '/apis', { accept: DISCOVERY }],
    ['OpenAPI v2', '/openapi/v2', {}],
    [
      'OpenAPI v2 in protobuf, compressed',
      '/openapi/v2',
      { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'accept-encoding': 'gzip' },
    ],
    ['the index of OpenAPI v3', '/openapi/v3', {}],
    ['OpenAPI v3 of a group', '/openapi/v3/apis/apps/v1', {}],
    ['the version', '/version', {}],
  ] as const)('is what it is: %s', async (_, path, headers) => {
    const { own, carried } = await both(path, headers)
    expect({ status: carried.status, headers: said(carried) }).toEqual({ status: own.status, headers: { ...said(own), ...ADDED } })
    expect(carried.body.equals(own.body)).toBe(true)
  })

  it.each(['/openapi/v2', '/openapi/v3/apis/apps/v1'])('is 304 where the client has it: %s', async (path) => {
    const { headers } = await ask(direct, path)
    const etag = String(headers.etag)
    expect(etag).toMatch(/"/)
    const carried = await ask(gateway, path, { 'if-none-match': etag })
    expect({ status: carried.status, length: carried.body.length, etag: carried.headers.etag }).toEqual({ status: 304, length: 0, etag })
  })

  // Each lasts two seconds: they do so at the same time.
  it.concurrent.each([
    ['from now', '', {}],
    [
      'with what there is first, and a bookmark after it',
      '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
      {},
    ],
    ['as a table', '', { accept: TABLE }],
    ['in protobuf', '', { accept: 'application/vnd.kubernetes.protobuf;stream=watch' }],
  ] as const)('is the same watch: %s', async (_, query, headers) => {
    const path = `${MAPS}?watch=true&timeoutSeconds=2${query}`
    const [own, carried] = await Promise.all([ask(direct, path, headers), ask(gateway, path, headers)])
    expect({ status: carried.status, headers: said(carried) }).toEqual({ status: own.status, headers: { ...said(own), ...ADDED } })
    // A bookmark says how far the cluster is, which the other one may have asked a moment later.
    const lines = ({ body }: Answer) =>
      body.toString('latin1').replace(/("resourceVersion":)"\d+"(?=,"creationTimestamp":null|,"annotations":\{"k8s.io\/initial)/g, '$1')
    expect(lines(carried)).toBe(lines(own))
    expect(own.body.length).toBeGreaterThan(1000)
  })
})
