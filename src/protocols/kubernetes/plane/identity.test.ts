import { describe, expect, it } from 'vitest'
import { KubernetesError } from '../errors.ts'
import { forwardedHeaders } from './headers.ts'
import { claimedIdentity, impersonatedAs } from './identity.ts'

const codeOf = (call: () => unknown) => {
  try {
    call()
    return undefined
  } catch (error) {
    return error instanceof KubernetesError ? error.code : error
  }
}

describe('who a client says that it is (K8-11)', () => {
  it.each([
    [[['X-Remote-User', 'admin']], 'GS_K8S_HEADER'],
    [[['x-ReMoTe-GrOuP', 'system:masters']], 'GS_K8S_HEADER'],
    [[['X_Remote_User', 'admin']], 'GS_K8S_HEADER'],
    [[['Impersonate-User', 'system:admin']], 'GS_K8S_IDENTITY'],
    [[['impersonate-user', 'SYSTEM:admin']], 'GS_K8S_IDENTITY'],
    [[['Impersonate_User', 'system:admin']], 'GS_K8S_IDENTITY'],
    [[['Impersonate-User', ' system:serviceaccount:kube-system:default']], 'GS_K8S_IDENTITY'],
    [[['Impersonate-User', 'gatescribe:ci:other']], 'GS_K8S_IDENTITY'],
    [
      [
        ['Impersonate-User', 'jane'],
        ['Impersonate-Group', 'system:masters'],
      ],
      'GS_K8S_IDENTITY',
    ],
    [
      [
        ['Impersonate-User', 'jane'],
        ['IMPERSONATE-USER', 'joe'],
      ],
      'GS_K8S_IDENTITY',
    ],
    [[['Impersonate-Group', 'ops']], 'GS_K8S_IDENTITY'],
    [[['Impersonate-User', '']], 'GS_K8S_IDENTITY'],
    [
      [
        ['Impersonate-User', 'jane'],
        ['Impersonate-Uid', '1'],
      ],
      'GS_K8S_IDENTITY',
    ],
    [
      [
        ['Impersonate-User', 'jane'],
        ['Impersonate-Extra-Scopes', 'a'],
      ],
      'GS_K8S_IDENTITY',
    ],
    [[['Impersonate-User', 'j\u00e4ne']], 'GS_K8S_IDENTITY'],
  ] as const)('refuses %j', (headers, code) => {
    expect(codeOf(() => claimedIdentity(headers))).toBe(code)
  })

  it('is said again in our own words where a rule may permit it', () => {
    const headers = [
      ['impersonate-USER', 'jane'],
      ['Impersonate-Group', 'ops'],
      ['Impersonate-Group', 'dev'],
      ['User-Agent', 'kubectl'],
    ] as const
    expect(claimedIdentity(headers)).toEqual({ user: 'jane', groups: ['ops', 'dev'], extra: {} })
    expect(claimedIdentity([['User-Agent', 'kubectl']])).toBeUndefined()
  })

  it('never goes on as it came, nor does anything that is not known', () => {
    const headers = [
      ['Impersonate-User', 'jane'],
      ['X-Remote-User', 'admin'],
      ['Audit-ID', 'mine'],
      ['X-Real-IP', '10.0.0.1'],
      ['Cookie', 'a=b'],
      ['Accept', 'application/json'],
      ['Kubectl-Session', '1'],
    ] as const
    expect(forwardedHeaders(headers, 'request', 'ses_1-2')).toEqual([
      ['Accept', 'application/json'],
      ['Kubectl-Session', '1'],
      ['Audit-ID', 'ses_1-2'],
    ])
    const proxied = forwardedHeaders(headers, 'proxied', 'ses_1-2').map(([name]) => name)
    expect(proxied).toEqual(['X-Real-IP', 'Cookie', 'Accept', 'Kubectl-Session', 'Audit-ID'])
  })
})

describe('who the cluster is told that it is', () => {
  it('is the issuer and the subject, as nobody else is called', () => {
    const job = { kind: 'job', issuer: 'github', subject: 'repo:acme/x:ref:refs/heads/main', groups: ['github/repo:acme/x'] } as const
    expect(impersonatedAs(job)).toEqual({
      user: 'gatescribe:github:repo:acme/x:ref:refs/heads/main',
      groups: ['gatescribe:github/repo:acme/x'],
      extra: {},
    })
  })

  it('is nobody where a header cannot say it', () => {
    const named = (subject: string) => () => impersonatedAs({ kind: 'job', issuer: 'ci', subject, groups: [] })
    expect(codeOf(named('a\r\nImpersonate-Group: system:masters'))).toBe('GS_K8S_IDENTITY')
    expect(codeOf(named('zo\u00eb'))).toBe('GS_K8S_IDENTITY')
    expect(codeOf(named('a '))).toBe('GS_K8S_IDENTITY')
  })
})
