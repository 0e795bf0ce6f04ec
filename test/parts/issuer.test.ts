import { createRemoteJWKSet, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { startIssuer } from './issuer.ts'

it('serves discovery and keys under which its tokens verify, also after a rotation', async () => {
  const issuer = await startIssuer()
  try {
    for (const _ of [1, 2]) {
      const discovery = (await (await fetch(`${issuer.url}/.well-known/openid-configuration`)).json()) as {
        issuer: string
        jwks_uri: string
      }
      expect(discovery.issuer).toBe(issuer.url)
      const token = await issuer.mint({ aud: 'gateway', run_id: '7' })
      const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(discovery.jwks_uri)), { audience: 'gateway' })
      expect(payload).toMatchObject({ run_id: '7', repository: 'acme/reports' })
      await issuer.rotateKeys()
    }
  } finally {
    await issuer.close()
  }
})
