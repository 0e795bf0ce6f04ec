import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../operations/index.ts'
import { KubernetesError } from '../errors.ts'
import { readTarget } from '../request/index.ts'
import { withListHint } from './list-hint.ts'
import { Retries } from './retries.ts'
import { statusObject } from './status.ts'

describe('a "no"', () => {
  it('is a Status that kubectl prints: what happened, whose rule, what to do, which code', () => {
    const refusal = new Refusal('GS_POLICY_DENIED', {
      rule: 'no-exec',
      reason: 'The rule "no-exec" denies this operation.',
      next: 'Read the logs.',
    })
    const status = JSON.parse(statusObject(refusal, 403, { group: '', resource: 'pods', name: 'y' }).toString())
    expect(status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'The rule "no-exec" denies this operation. Read the logs. [GS_POLICY_DENIED]',
      reason: 'Forbidden',
      details: {
        name: 'y',
        kind: 'pods',
        causes: [
          { reason: 'GS_POLICY_DENIED', message: 'The rule "no-exec" denies this operation.' },
          { reason: 'Rule', message: 'no-exec' },
        ],
      },
      code: 403,
    })
  })

  it('says when it makes sense to come back', () => {
    const status = JSON.parse(statusObject(new Refusal('GS_BUDGET_EXCEEDED'), 429, undefined, 7).toString())
    expect(status).toMatchObject({ reason: 'TooManyRequests', code: 429, details: { retryAfterSeconds: 7 } })
    expect(JSON.parse(statusObject(new KubernetesError('GS_K8S_PATH'), 400).toString())).toMatchObject({ reason: 'BadRequest' })
  })

  it('to a list of all namespaces says how to ask for one', () => {
    const facts = { verb: 'list', namespace: '', name: '', resource: 'pods' }
    const refusal = new Refusal('GS_POLICY_DENIED')
    expect(withListHint(refusal, facts).next).toContain('-n <namespace>')
    expect(withListHint(refusal, { ...facts, verb: 'watch' }).next).toContain('-n <namespace>')
    expect(withListHint(refusal, { ...facts, namespace: 'x' })).toBe(refusal)
    expect(withListHint(refusal, { ...facts, resource: 'nodes' })).toBe(refusal)
    const ruled = new Refusal('GS_POLICY_DENIED', { rule: 'r', next: 'Ask Jane.' })
    expect(withListHint(ruled, facts)).toBe(ruled)
  })
})

describe('the second attempt of kubectl', () => {
  const attempt = (
    method: string,
    { session, path = '/api/v1/namespaces/x/pods/y/exec?command=id' }: { session?: string; path?: string } = {},
  ) => {
    const [rawPath = '', rawQuery] = path.split('?')
    const headers: [string, string][] = session === undefined ? [] : [['Kubectl-Session', session]]
    const request = readTarget({ method, rawPath, rawQuery, headers, upgrade: true })
    return { run: 'run_1', resource: 'prod', request, headers } as const
  }
  const first = { session: 'ses_1', operation: 3 }

  it('is known by path and session, once, and not for long', () => {
    let now = 0
    const retries = new Retries(() => now)
    retries.failed(attempt('GET', { session: 'a' }), first)
    expect(retries.take(attempt('POST', { session: 'b' }))).toBeUndefined()
    expect(retries.take(attempt('POST', { session: 'a', path: '/api/v1/namespaces/x/pods/y/exec?command=rm' }))).toBeUndefined()
    expect(retries.take({ ...attempt('POST', { session: 'a' }), run: 'run_2' })).toBeUndefined()
    expect(retries.take(attempt('POST', { session: 'a' }))).toEqual(first)
    expect(retries.take(attempt('POST', { session: 'a' }))).toBeUndefined()
    retries.failed(attempt('GET', { session: 'a' }), first)
    now = 60_000
    expect(retries.take(attempt('POST', { session: 'a' }))).toBeUndefined()
  })

  it('is none without a session, or where no channel is opened', () => {
    const retries = new Retries(() => 0)
    retries.failed(attempt('GET'), first)
    expect(retries.take(attempt('POST'))).toBeUndefined()
    retries.failed(attempt('GET', { session: 'a', path: '/api/v1/pods' }), first)
    expect(retries.take(attempt('GET', { session: 'a', path: '/api/v1/pods' }))).toBeUndefined()
  })
})
