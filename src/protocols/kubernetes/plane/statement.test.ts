import { expect, it } from 'vitest'
import { readBody, readTarget } from '../request/index.ts'
import { approvedStatement, type Body, statementOf } from './statement.ts'

function statement(
  line: string,
  headers: readonly (readonly [string, string])[],
  body: string | undefined,
  identity?: { user: string; groups: string[] },
) {
  const [method = '', target = ''] = line.split(' ')
  const [rawPath = '', rawQuery] = target.split('?')
  const request = readTarget({ method, rawPath, rawQuery, headers, upgrade: false })
  const bytes = Buffer.from(body ?? '')
  const known: Body = body === undefined ? { kind: 'none' } : { kind: 'whole', bytes, read: readBody(request.form, bytes) }
  const said = statementOf(request, headers, identity && { ...identity, extra: {} }, known)
  return { request, said, text: Buffer.from(said.text).toString(), recorded: said.recorded && Buffer.from(said.recorded).toString() }
}

it('is the request in one spelling, with what decides its meaning and nothing that opens anything', () => {
  const headers = [
    ['User-Agent', 'kubectl/v1.37'],
    ['Content-Type', 'application/json'],
    ['Accept', 'application/json'],
  ] as const
  const { text } = statement('POST /api/v1/namespaces/x/pods?fieldManager=m', headers, '{"kind":"Pod"}', { user: 'jane', groups: ['ops'] })
  expect(text).toBe(
    'POST /api/v1/namespaces/x/pods?fieldManager=m\naccept: application/json\ncontent-type: application/json\nimpersonate-user: jane\nimpersonate-group: ops\n\n{"kind":"Pod"}',
  )
})

const last = 'kubectl.kubernetes.io/last-applied-configuration'

it.each([
  [
    'POST',
    'application/json',
    {
      kind: 'Secret',
      metadata: { name: 'a', annotations: { [last]: 'hunter2', b: 'c' } },
      data: { p: 'hunter2' },
      stringData: { q: 'hunter2' },
    },
  ],
  ['PATCH', 'application/merge-patch+json', { data: { p: 'hunter2', gone: null } }],
  ['PATCH', 'application/apply-patch+yaml', { stringData: { p: 'hunter2' } }],
  ['PATCH', 'application/json-patch+json', [{ op: 'add', path: '/data/p', value: 'hunter2' }]],
  ['PUT', 'application/vnd.kubernetes.protobuf', 'k8s hunter2'],
])('keeps no value of a Secret in the record: %s %s', (method, type, body) => {
  const path = method === 'POST' ? '/api/v1/namespaces/x/secrets' : '/api/v1/namespaces/x/secrets/a'
  const { text, recorded } = statement(
    `${method} ${path}`,
    [['content-type', type]],
    typeof body === 'string' ? body : JSON.stringify(body),
  )
  expect(text).toContain('hunter2')
  expect(recorded).toBeDefined()
  expect(recorded).not.toContain('hunter2')
})

it('records other objects as they are', () => {
  expect(statement('POST /api/v1/namespaces/x/configmaps', [], '{"data":{"a":"b"}}').recorded).toBeUndefined()
})

it('is the same thing to who approves it, whether by WebSocket or by SPDY', () => {
  const path = '/api/v1/namespaces/x/pods/y/exec?command=id&stdout=true'
  const [get, post] = ['GET', 'POST'].map((method) => {
    const { request, said } = statement(`${method} ${path}`, [], undefined)
    return { said, approved: approvedStatement(request, said, undefined) }
  })
  expect(get?.said.text).not.toEqual(post?.said.text)
  expect(get?.approved).toEqual(post?.approved)
})
