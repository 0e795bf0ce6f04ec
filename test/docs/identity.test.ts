import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { prepareIssuer } from '../../src/identity/index.ts'

const page = readFileSync(new URL('../../docs/identity.md', import.meta.url), 'utf8')
const example = readFileSync(new URL('../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
const issuers = [...page.matchAll(/```yaml\n(issuers:\n[\s\S]*?)```/g)].map(([, yaml]) => yaml!)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-docs-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('shows six issuers', () => expect(issuers).toHaveLength(6))

it.each(issuers.map((yaml) => [/name: (\S+)/.exec(yaml)![1]!, yaml]))('shows an issuer %s that the gateway accepts', (name, yaml) => {
  writeFileSync(join(folder, 'cluster-jwks.json'), JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'one' }] }))
  const text = example.replace(/issuers:\n[\s\S]*?(?=\nresources:)/, yaml).replaceAll('github/', `${name}/`)
  writeFileSync(join(folder, 'gatescribe.yaml'), text)
  const { config } = loadConfig(join(folder, 'gatescribe.yaml'), {}, Date.parse('2026-08-01T00:00:00Z'))
  expect(prepareIssuer(config.issuers[0]!).settings.name).toBe(name)
})
