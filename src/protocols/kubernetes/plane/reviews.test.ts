import { describe, expect, it } from 'vitest'
import type { Decision, Facts } from '../../../operations/index.ts'
import { reviewed, reviewedFacts } from './reviews.ts'

const says =
  (effect: Decision['effect'], rules: string[] = []) =>
  (): Decision => ({ effect, rules, policy: 'sha256:x' })
const review = (
  allowed: boolean,
  attributes: Record<string, string> = { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'x' },
) => ({
  kind: 'SelfSubjectAccessReview',
  apiVersion: 'authorization.k8s.io/v1',
  spec: { resourceAttributes: attributes },
  status: { allowed, reason: 'RBAC' },
})

describe('what one may do (K8-14)', () => {
  it('is what both the cluster and the gateway allow', () => {
    expect(reviewed(review(true), says('allow'))).toBeUndefined()
    expect(reviewed(review(false), says('allow'))).toBeUndefined()
    expect(reviewed(review(false), says('deny'))).toBeUndefined()
    expect(reviewed(review(true), says('deny', ['no-exec']))).toMatchObject({
      status: { allowed: false, reason: 'rule "no-exec" of the gateway' },
    })
    expect(reviewed(review(true), says('ask', ['careful']))).toMatchObject({ status: { allowed: true } })
  })

  it('is asked of the rules as the request that it would be', () => {
    const asked: Facts[] = []
    const decide = (facts: Facts): Decision => {
      asked.push(facts)
      return says('allow')()
    }
    reviewed(review(true), decide)
    reviewed(review(true, { verb: '*', resource: '*', group: '*' }), decide)
    reviewed(review(true, { verb: 'escalate', resource: 'clusterroles', group: 'rbac.authorization.k8s.io' }), decide)
    expect(asked[0]).toMatchObject({
      effects: [{ class: 'exec', action: 'run command' }],
      k8s: { verb: 'create', subresource: 'exec', namespace: 'x' },
    })
    expect(asked[1]?.effects.map((effect) => effect.class)).toContain('credential')
    expect(asked[1]?.k8s).not.toHaveProperty('resource')
    expect(asked[2]?.effects).toEqual([{ class: 'credential', action: 'change roles' }])
    expect(reviewedFacts({ nonResourceAttributes: { path: '/metrics', verb: 'get' } })?.effects).toEqual([
      { class: 'get', action: 'get path' },
    ])
    expect(reviewedFacts({ resourceAttributes: { verb: 'use', resource: 'x' } })).toBeUndefined()
  })

  it('is never all of it in a list', () => {
    const answered = reviewed({ kind: 'SelfSubjectRulesReview', spec: {}, status: { incomplete: false, resourceRules: [] } }, says('allow'))
    expect(answered).toMatchObject({ status: { incomplete: true, evaluationError: expect.stringContaining('gateway') } })
  })

  it('passes as it is where it is something else', () => {
    expect(reviewed({ kind: 'Status', status: 'Failure' }, says('deny'))).toBeUndefined()
    expect(reviewed(null, says('deny'))).toBeUndefined()
  })
})
