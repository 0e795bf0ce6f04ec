import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { execCredential, kubeconfig } from './kubeconfig.ts'

const resources = [
  { name: 'prod-cluster', url: 'https://gw.example.org:8443/r/prod-cluster' },
  { name: 'test-cluster', url: 'https://gw.example.org:8443/r/test-cluster' },
]
const user = { token: 'gs_k8s_secret' }

describe('a kubeconfig', () => {
  it('has one context for each cluster, called as it is', () => {
    expect(parse(kubeconfig({ resources, ca: 'PEM', user }))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: resources.map(({ name, url }) => ({ name, cluster: { server: url, 'certificate-authority-data': 'UEVN' } })),
      users: [{ name: 'gatescribe', user: { token: 'gs_k8s_secret' } }],
      contexts: resources.map(({ name }) => ({ name, context: { cluster: name, user: 'gatescribe' } })),
      'current-context': '',
    })
  })

  it('chooses the only one, or the one that is asked for, and never one of several', () => {
    expect(parse(kubeconfig({ resources: resources.slice(0, 1), user }))['current-context']).toBe('prod-cluster')
    expect(parse(kubeconfig({ resources, user, current: 'test-cluster' }))['current-context']).toBe('test-cluster')
  })

  it('may name a program instead of a credential', () => {
    const exec = { command: 'gatescribe', args: ['kubeconfig', 'credential', '--gateway', 'https://gw:8444'] }
    const text = kubeconfig({ resources, user: { exec } })
    expect(parse(text).users[0].user.exec).toMatchObject({
      ...exec,
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
    })
    expect(text).not.toContain('gs_')
  })

  it('is refused where there is no cluster, or another than was asked for', () => {
    expect(() => kubeconfig({ resources: [], user })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_NO_CLUSTER' }))
    expect(() => kubeconfig({ resources, user, current: 'other' })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_NO_CLUSTER' }))
  })

  it('sends its credential nowhere but over TLS, and stays what it is whatever it is told', () => {
    for (const url of ['http://gw.example.org', 'file:///etc', 'x'])
      expect(() => kubeconfig({ resources: [{ name: 'a', url }], user })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_ANSWER' }))
    const name = 'a\nusers: []\n"\'#'
    expect(parse(kubeconfig({ resources: [{ name, url: resources[0]!.url }], user })).contexts[0].name).toBe(name)
  })
})

describe('what a credential plugin prints', () => {
  const now = Date.parse('2026-01-01T00:00:00.500Z')

  it('is good for as long as the run is', () => {
    expect(execCredential('t', 900, undefined, now)).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false },
      status: { expirationTimestamp: '2026-01-01T00:15:00Z', token: 't' },
    })
  })

  it.each([
    ['{"apiVersion":"client.authentication.k8s.io/v1beta1"}', 'client.authentication.k8s.io/v1beta1'],
    ['{"apiVersion":"client.authentication.k8s.io/v9"}', 'client.authentication.k8s.io/v1'],
    ['{', 'client.authentication.k8s.io/v1'],
  ])('is in the version that is asked for (%s)', (asked, apiVersion) => {
    expect(execCredential('t', 1, asked, now)).toMatchObject({ apiVersion })
  })
})
