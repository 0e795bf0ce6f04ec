import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import type { DoorRequest } from '../../http/index.ts'
import { effectiveOperation, Repeated, readAsked, readHead } from './asked.ts'

type Headers = readonly (readonly [string, string])[]

async function asked(line: string, headers: Headers, same: Repeated, body?: string) {
  const [method = '', target = ''] = line.split(' ')
  const [rawPath = '', rawQuery] = target.split('?')
  const bytes = Buffer.from(body ?? '')
  const door = { method, rawPath, rawQuery, headers, body: Readable.from([bytes]), bodyLength: bytes.length } as unknown as DoorRequest
  return readAsked(readHead(door), door, same, new AbortController().signal)
}

it('takes no request for another one, whatever its client calls itself', async () => {
  const same = new Repeated()
  const manager = 'x GET /version\naccept: a'
  const deletion = `DELETE /api/v1/namespaces/shop/pods/a?fieldManager=${encodeURIComponent(manager)}`
  const harmless: Headers = [
    ['User-Agent', 'x'],
    ['Accept', `a ${deletion}`],
  ]
  await asked('GET /version', harmless, same)
  const { operation, request } = await asked(deletion, [], same)
  expect(request.method).toBe('DELETE')
  expect(operation.facts?.effects).toEqual([{ class: 'delete', action: 'delete object' }])
  expect(operation.facts?.k8s?.name).toBe('a')
})

it('is the same operation where it is the same request', async () => {
  const same = new Repeated()
  const [one, other] = [await asked('GET /version', [], same), await asked('GET /version', [], same)]
  expect(one.operation).toBe(other.operation)
})

it('has content that nobody sees where a body goes on to what is behind a proxy', async () => {
  const path = '/api/v1/namespaces/shop/services/a/proxy/orders'
  const seen = async (line: string, body?: string) => effectiveOperation(await asked(line, [], new Repeated(), body), 'prod').stream
  expect(await seen(`GET ${path}`)).toBe(false)
  expect(await seen(`POST ${path}`, '{"delete":"all"}')).toBe(true)
  expect(await seen('POST /api/v1/namespaces/shop/pods', '{}')).toBe(false)
})

it('is approved with all the headers that what is behind a proxy gets', async () => {
  const line = 'GET /api/v1/namespaces/shop/services/a/proxy/orders'
  const approved = async (headers: Headers) => {
    const { parts } = effectiveOperation(await asked(line, headers, new Repeated()), 'prod')
    return Buffer.from(parts[0]?.content ?? '').toString()
  }
  expect(await approved([['X-HTTP-Method-Override', 'DELETE']])).not.toBe(await approved([]))
})
