import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalHouse, personOf } from '../../../test/parts/approvals.ts'
import { inMemoryOperator, waitingRequest } from '../../../test/parts/operator.ts'
import { ApprovalError } from '../../approvals/index.ts'
import { cardOf } from '../../card/index.ts'
import { approvalOperator } from '../../gateway/approving.ts'
import type { Facts } from '../../operations/index.ts'
import { injectTransport, type LocalApi, type LocalClient, localApi, localClient, type Operator, shownRequestOf } from './index.ts'

const closing = new AbortController()
const apis: LocalApi[] = []

function clientOf(operator: Operator): { readonly client: LocalClient; readonly api: LocalApi } {
  const api = localApi(operator, { error: () => undefined }, closing.signal)
  apis.push(api)
  return { api, client: localClient(injectTransport(api)) }
}

afterEach(async () => {
  for (const api of apis.splice(0)) await api.close()
})

describe('the routes of approvals', () => {
  it('list requests by state and run, page by page, the newest first', async () => {
    const operator = inMemoryOperator()
    operator.requests.push(
      waitingRequest('apr_c'),
      waitingRequest('apr_b', { state: 'used', endedAt: 0 }),
      waitingRequest('apr_a', { run: 'run_two' }),
    )
    const { client } = clientOf(operator)
    const first = await client.approvals({ limit: '2' })
    expect(first.approvals.map(({ id, state }) => [id, state])).toEqual([
      ['apr_c', 'pending'],
      ['apr_b', 'used'],
    ])
    expect(first.approvals[1]?.endedAt).toBe('1970-01-01T00:00:00.000Z')
    expect(first.next).toBe('apr_b')
    const second = await client.approvals({ limit: '2', before: first.next! })
    expect([second.approvals.map(({ id }) => id), second.next]).toEqual([['apr_a'], undefined])
    expect((await client.approvals({ state: ['used', 'void'] })).approvals.map(({ id }) => id)).toEqual(['apr_b'])
    expect((await client.approvals({ run: 'run_two' })).approvals.map(({ id }) => id)).toEqual(['apr_a'])
    for (const asked of [{ state: 'open' }, { limit: '0' }, { limit: '101' }, { before: 'x' }, { run: 'x' }, { other: 'x' }])
      await expect(client.approvals(asked as never)).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
  })

  it('show exactly what is asked for, byte for byte, so that a card can be made anywhere', async () => {
    const operator = inMemoryOperator()
    const request = waitingRequest('apr_one', {}, 'DELETE\u0000\u202e')
    operator.requests.push({
      ...request,
      content: {
        ...request.content!,
        effective: {
          ...request.content!.effective,
          parts: [{ label: 'statement', content: Buffer.from([0, 255, 0xed, 0xa0]), detail: { message: 'bind', n: 1 } }],
        },
        claimed: { message: 'half a \ud800 pair' },
      },
    })
    const { card, run } = shownRequestOf(await clientOf(operator).client.approval('apr_one'))
    const shown = operator.requests[0]!
    expect(cardOf(card, run)).toEqual(cardOf(shown, shown.run))
    expect(Buffer.from(card.content!.effective.parts[0]!.content).toString('hex')).toBe('00ffeda0')
    await expect(clientOf(operator).client.approval('apr_two')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
  })

  it.each([
    {
      k8s: {
        verb: 'create',
        resource: 'pods',
        subresource: 'exec',
        namespace: 'web',
        name: 'db',
        version: 'v1',
        group: '',
        command: ['rm'],
      },
    },
    { http: { method: 'POST', host: 'orders.internal', path: '/orders', query: 'a=b' } },
    { model: { provider: 'openai', endpoint: 'chat', model: 'gpt-4o', tools: ['mail'], stream: true, estimatedTokens: 12, maxTokens: 50 } },
    { model: { provider: 'anthropic', endpoint: 'messages', model: 'claude', toolCalls: ['mail'] } },
    { tool: { server: 'tickets', method: 'tools/call', name: 'delete_ticket' } },
    { egress: { host: 'github.com', port: 443 } },
  ] satisfies readonly Partial<Facts>[])('say of a request what the page says of it: %j', async (known) => {
    const operator = inMemoryOperator()
    const request = waitingRequest()
    const facts = [{ effects: [], ...known }] as readonly Facts[]
    const shown = { ...request, content: { ...request.content!, effective: { ...request.content!.effective, facts } } }
    operator.requests.push(shown)
    const { card, run } = shownRequestOf(await clientOf(operator).client.approval('apr_one'))
    expect(cardOf(card, run)).toEqual(cardOf(shown, shown.run))
    expect(card.content?.effective.facts).toEqual(facts)
  })

  it('say nothing that a request holds itself, besides its parts', async () => {
    const operator = inMemoryOperator()
    const request = waitingRequest()
    const facts = [
      {
        effects: [],
        k8s: { verb: 'create', object: { data: 'hunter2' } },
        tool: { server: 's', method: 'tools/call', arguments: { password: 'hunter2' } },
      },
    ] as readonly Facts[]
    operator.requests.push({ ...request, content: { ...request.content!, effective: { ...request.content!.effective, facts } } })
    expect(JSON.stringify(await clientOf(operator).client.approval('apr_one'))).not.toContain('hunter2')
  })

  it('take answers of two words only', async () => {
    const operator = inMemoryOperator()
    operator.requests.push(waitingRequest())
    const { client, api } = clientOf(operator)
    expect(await client.decideApproval('apr_one', 'deny', 'not today')).toMatchObject({ id: 'apr_one', state: 'denied' })
    expect(await client.revokeApproval('apr_one', undefined)).toMatchObject({ state: 'revoked' })
    expect(operator.answers).toEqual([
      { id: 'apr_one', verdict: 'deny', reason: 'not today', channel: 'cli' },
      { id: 'apr_one', verdict: 'revoke', reason: undefined, channel: 'cli' },
    ])
    for (const payload of [{}, { verdict: 'yes' }, { verdict: 'approve', more: 1 }, { verdict: 'approve', reason: 'x'.repeat(2_001) }])
      expect((await api.inject({ method: 'POST', url: '/v1/approvals/apr_one/decide', payload })).statusCode).toBe(400)
    expect((await api.inject({ method: 'GET', url: '/v1/approvals/apr_one/decide?verdict=approve' })).statusCode).toBe(404)
    expect(operator.answers).toHaveLength(2)
  })

  it.each([
    ['GS_APPROVALS_UNKNOWN', 404],
    ['GS_APPROVALS_NOT_YOURS', 403],
    ['GS_APPROVALS_OWN', 403],
    ['GS_APPROVALS_NOT_INDEPENDENT', 403],
    ['GS_APPROVALS_OVER', 409],
    ['GS_APPROVALS_EXPIRED', 410],
    ['GS_APPROVALS_NOT_RECORDED', 503],
  ] as const)('say %s as %i', async (code, status) => {
    const operator = inMemoryOperator()
    operator.fail('decideApproval', new ApprovalError(code))
    const { api } = clientOf(operator)
    const answer = await api.inject({ method: 'POST', url: '/v1/approvals/apr_one/decide', payload: { verdict: 'approve' } })
    expect([answer.statusCode, answer.json().code]).toEqual([status, code])
  })
})

describe('what a caller may do with requests', () => {
  let house: ApprovalHouse
  const opened: unknown[] = []
  beforeEach(async () => {
    house = await new ApprovalHouse().open()
    opened.length = 0
  })
  afterEach(async () => {
    await house.close()
    await house.remove()
  })

  const operatorOf = (viewer: Parameters<typeof approvalOperator>[1]) =>
    approvalOperator(
      { approvals: house.approvals, runs: house.runs, records: { approvalOpened: async (...said) => void opened.push(said) } },
      viewer,
    )
  const ada = { name: 'pseudonym', person: { ...personOf('ada'), signedInAt: 0 } }

  it('records who looks at what is asked for before it is shown; looking at the list is no reading', async () => {
    const run = await house.run()
    const { id } = await house.ask(run, 'DELETE FROM orders', {}, 'ticket')
    const operator = operatorOf(ada)
    expect((await operator.approvals({})).map((request) => request.id)).toEqual([id])
    expect(opened).toEqual([])
    const shown = await operator.approval(id)
    expect(shown).toMatchObject({ request: { id, state: 'pending' }, run: { id: run.id, facts: { launcher: 'eve@ci' } } })
    expect(opened).toEqual([['pseudonym', id]])
    expect(await operator.approval('apr_other')).toBeUndefined()
  })

  it('shows nothing where that cannot be recorded', async () => {
    const { id } = await house.ask(await house.run(), 'DELETE FROM orders', {}, 'ticket')
    const operator = approvalOperator(
      {
        approvals: house.approvals,
        runs: house.runs,
        records: {
          approvalOpened: async () => {
            throw new Error('the disk is full')
          },
        },
      },
      ada,
    )
    await expect(operator.approval(id)).rejects.toThrow('full')
  })

  it('lets a person answer in their own name, and nobody else', async () => {
    const { id } = await house.ask(await house.run(), 'DELETE FROM orders', {}, 'ticket')
    await expect(operatorOf({ name: 'local-operator' }).decideApproval(id, 'approve', undefined, 'cli')).rejects.toMatchObject({
      code: 'GS_GATEWAY_PERSONS_ONLY',
      next: expect.stringContaining('gatescribe login'),
    })
    expect(await operatorOf(ada).decideApproval(id, 'approve', 'fine', 'console')).toMatchObject({ state: 'approved' })
    // A double click.
    expect(await operatorOf(ada).decideApproval(id, 'approve', 'fine', 'console')).toMatchObject({ state: 'approved' })
    expect(await operatorOf({ name: 'local-operator' }).revokeApproval(id, undefined, 'cli')).toMatchObject({ state: 'revoked' })
    expect(await house.story()).toEqual(['asked', 'decided approve', 'ended revoked'])
  })

  it('says so where nobody can be asked', async () => {
    const operator = approvalOperator({ approvals: undefined, runs: house.runs, records: { approvalOpened: async () => undefined } }, ada)
    await expect(operator.approvals({})).rejects.toMatchObject({ code: 'GS_GATEWAY_NO_APPROVALS' })
  })
})
