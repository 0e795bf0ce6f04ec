import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { found, needs } from '../../test/parts/require.ts'
import { createNamesAuthority, type KeyedCertificate } from './index.ts'
import { canonicalNames } from './names.ts'
import { signLeaf } from './x509.ts'

let folder: string
beforeEach((test) => {
  needs(test, found('openssl'), 'openssl')
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-certificates-'))
})
afterEach(() => {
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** What OpenSSL's own command says of a server's certificate, strictly (RFC 5280 in full). */
function verify(ca: string, certificate: string): string {
  writeFileSync(join(folder, 'ca.pem'), ca)
  writeFileSync(join(folder, 'leaf.pem'), certificate)
  const { stdout, stderr } = spawnSync('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.pem', 'leaf.pem'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return stdout + stderr
}

async function authority(names: string[]) {
  let stored: KeyedCertificate | undefined
  const store = {
    load: async () => stored,
    save: async (made: KeyedCertificate) => {
      stored = made
    },
  }
  const made = await createNamesAuthority({ names, store, now: Date.now })
  return {
    ...made,
    sign: (name: string) =>
      signLeaf(stored!, canonicalNames([name]), { notBefore: new Date(Date.now() - 1000), notAfter: new Date(Date.now() + 60_000) }),
  }
}

it.each([[['gw.example.org']], [['127.0.0.1']], [['::1', '2001:db8::10', 'gw.example.org', '10.1.2.3']]])(
  'accepts every leaf for %j',
  async (names) => {
    const { certificate, leaf } = await authority(names)
    for (const name of [undefined, ...names]) expect(verify(certificate, leaf(name).certificate)).toBe('leaf.pem: OK\n')
  },
)

it.each([
  [['gw.example.org'], 'evil.example'],
  [['gw.example.org'], 'example.org'],
  [['gw.example.org'], '127.0.0.1'],
  [['gw.example.org'], '::1'],
  [['127.0.0.1'], '127.0.0.2'],
  [['127.0.0.1'], '::1'],
  [['127.0.0.1'], 'gw.example.org'],
])('refuses, with an authority for %j, a leaf for %s', async (names, other) => {
  const { certificate, sign } = await authority(names)
  expect(verify(certificate, (await sign(other)).certificate)).toMatch(/(permitted|excluded) subtree violation/)
})
