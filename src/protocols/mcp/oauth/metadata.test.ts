import { describe, expect, it } from 'vitest'
import { metadataUrl, openMetadata } from './metadata.ts'

const read = (path: string, method = 'GET') => {
  const answer = openMetadata({ method, authority: 'gw.test:8443', path }, ['https://gw.test:8444'])
  return answer && (JSON.parse(Buffer.from(answer.body).toString()) as { resource: string })
}

describe('metadata of protected resources (RFC 9728)', () => {
  it.each([
    ['/.well-known/oauth-protected-resource/r/tickets', 'https://gw.test:8443/r/tickets'],
    ['/.well-known/oauth-protected-resource/r/not-there/', 'https://gw.test:8443/r/not-there'],
    ['/.well-known/oauth-protected-resource', 'https://gw.test:8443'],
  ])('are at %s', (path, resource) => {
    expect(read(path)).toEqual({
      ...{ resource, authorization_servers: ['https://gw.test:8444'], bearer_methods_supported: ['header'] },
      resource_name: 'A resource behind Gatescribe',
    })
    expect(read(new URL(metadataUrl(resource)).pathname)?.resource).toBe(resource)
  })

  it.each([
    ['/.well-known/oauth-protected-resource/r/a/b'],
    ['/.well-known/oauth-protected-resource/r/%2e'],
    ['/.well-known/oauth-protected-resourcex'],
    ['/.well-known/openid-configuration'],
    ['/r/tickets'],
  ])('are not at %s', (path) => {
    expect(read(path)).toBeUndefined()
    expect(read('/.well-known/oauth-protected-resource/r/tickets', 'POST')).toBeUndefined()
  })
})
