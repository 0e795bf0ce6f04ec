import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryLog } from '../../test/parts/memory-log.ts'
import { SearchedLog } from '../../test/parts/searched-log.ts'
import { recordedFacts } from './recorded-facts.ts'

const bytes = (facts: unknown) => Buffer.from(JSON.stringify(facts))
const facts = {
  effects: [
    { class: 'read', action: 'select' },
    { class: 'write', action: 'delete' },
  ],
  sql: { statements: 1, reads: ['shop.orders'], writes: ['shop.old'], functions: ['pg_catalog.lower'] },
}

it('are actions as the gateway calls them, and names with and without their schema', () => {
  expect(recordedFacts(bytes(facts))).toEqual({
    actions: ['select', 'delete'],
    objects: ['shop.orders', 'orders', 'shop.old', 'old', 'pg_catalog.lower', 'lower'],
  })
  expect(recordedFacts(bytes({ effects: [], sql: { seen: { reads: ['a.b'] } } })).objects).toEqual(['a.b', 'b'])
})

it('are verbs and objects of requests to clusters, with and without their namespace and name, and paths', () => {
  const k8s = { verb: 'patch', group: 'apps', resource: 'deployments', subresource: '', namespace: 'shop', name: 'web', path: '' }
  expect(recordedFacts(bytes({ effects: [{ class: 'patch', action: 'apply' }], k8s }))).toEqual({
    actions: ['apply', 'patch'],
    objects: ['deployments', 'deployments.apps', 'deployments/web', 'shop/deployments', 'shop/deployments/web'],
  })
  expect(
    recordedFacts(bytes({ effects: [], k8s: { verb: 'list', group: '', resource: 'pods', namespace: '', name: '' } })).objects,
  ).toEqual(['pods'])
  expect(recordedFacts(bytes({ effects: [], k8s: { verb: 'get', resource: '', path: '/metrics' } })).objects).toEqual(['/metrics'])
  expect(recordedFacts(bytes({ effects: [], http: { method: 'GET', path: '/v1/orders' } })).objects).toEqual(['/v1/orders'])
})

it('are models and tools, tools of a server with and without it, and hosts with and without their port', () => {
  const model = { provider: 'openai', endpoint: 'chat', model: 'gpt-4o', tools: ['run_sql'], toolCalls: ['search'] }
  expect(recordedFacts(bytes({ effects: [{ class: 'call', action: 'chat' }], model }))).toEqual({
    actions: ['chat'],
    objects: ['gpt-4o', 'search', 'run_sql'],
  })
  const tool = { server: 'tickets', method: 'tools/call', name: 'close', uri: '' }
  expect(recordedFacts(bytes({ effects: [], tool })).objects).toEqual(['close', 'tickets/close'])
  expect(recordedFacts(bytes({ effects: [], tool: { ...tool, name: '', uri: 'file:///a' } })).objects).toEqual(['file:///a'])
  expect(recordedFacts(bytes({ effects: [], egress: { host: 'a.test', port: 443 } })).objects).toEqual(['a.test', 'a.test:443'])
})

it('say nothing where they are not as this version writes them', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      for (const each of Object.values(recordedFacts(Buffer.from(text))))
        expect(each.every((name: unknown) => typeof name === 'string')).toBe(true)
    }),
    { numRuns: 500 },
  )
})

describe('a search by what an operation was decided on', () => {
  let log: MemoryLog
  let searched: SearchedLog
  beforeEach(() => {
    log = new MemoryLog()
    searched = new SearchedLog(log)
    log.run('run_1')
    log.session('ses_1', 'run_1')
    const key = 'key-of-ses_1'
    log.append('operation.intent', { session: 'ses_1', ops: [[1, 1, 1]], decisions: [[1, 'allow', ['a-rule'], 'sha256:00', 1]] }, [
      { name: 'statement.1', key, content: 'execute nightly' },
      { name: 'facts.1', key, content: bytes(facts) },
    ])
    log.append('operation.intent', { session: 'ses_1', ops: [[2, 2, 2]], decisions: [[2, 'deny', ['no'], 'sha256:00', 1]] }, [
      { name: 'statement.2', key, content: 'fetch all from c' },
    ])
    log.intent('ses_1', [[3, 1, 1]])
  })
  afterEach(() => searched.remove())

  it('finds each operation that was, also where its text says nothing of it', async () => {
    expect(await searched.found({ object: 'shop.orders' })).toEqual([2, 3, 4])
    expect(await searched.found({ object: 'orders', decision: 'deny' })).toEqual([3])
    expect(await searched.found({ action: 'delete' })).toEqual([2, 3, 4])
    expect(await searched.found({ action: 'delete', decision: 'deny', object: 'old' })).toEqual([3])
    expect((await searched.check()).differences).toBe(0)
  })

  it('finds nothing any more once its payloads are erased', async () => {
    await searched.upToDate()
    log.destroyed.add('key-of-ses_1')
    await searched.index.forget(['key-of-ses_1'], () => undefined)
    expect(await searched.found({ object: 'orders' })).toEqual([])
  })

  it('does not find the words of which facts are made', async () => {
    expect(await searched.found({ text: 'effects' })).toEqual([])
    expect(await searched.found({ text: 'nightly' })).toEqual([2])
  })
})
