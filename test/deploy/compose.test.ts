import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { readCompose } from '../containers/compose-file.ts'

const deploy = join(import.meta.dirname, '../../deploy')
const file = readCompose(join(deploy, 'compose.yaml'))
const services = [...file.services.values()]
const isIn = (network: string) => services.filter(({ networks }) => networks.has(network)).map(({ name }) => name)

describe('the compose file', () => {
  it('has the database in a network with nobody but the connector', () => expect(isIn('plant').toSorted()).toEqual(['connector', 'orders']))

  it('has jobs in a network with nobody but the gateway', () => expect(isIn('jobs').toSorted()).toEqual(['gateway', 'job']))

  it('has no network that leads anywhere else', () => expect(file.internal).toEqual(file.networks))

  it.each(services.map((service) => [service.name, service] as const))('gives %s no more than it needs', (name, service) => {
    expect(service).toMatchObject({ readOnly: true, dropsAll: true, noNewPrivileges: true, pids: 256 })
    // The image's own user where there is none; nobody but what makes the files of others is root, and that has no network.
    if (name === 'setup') expect({ networks: service.networks.size, user: service.user }).toEqual({ networks: 0, user: '0:0' })
    else expect({ adds: service.adds, root: service.user?.startsWith('0:') ?? false }).toEqual({ adds: [], root: false })
  })

  it('shows each secret to whom it is for alone', () => {
    const readers = (volume: string) =>
      services.filter(({ mounts }) => mounts.some(({ source }) => source === volume)).map(({ name }) => name)
    expect(
      Object.fromEntries(['gateway-secrets', 'orders-secrets', 'identity-key', 'gateway-data'].map((volume) => [volume, readers(volume)])),
    ).toEqual({
      'gateway-secrets': ['setup', 'gateway'],
      'orders-secrets': ['setup', 'orders'],
      'identity-key': ['setup', 'identity'],
      'gateway-data': ['setup', 'gateway'],
    })
  })

  it('lets no service but setup write to what is secret or public', () => {
    const writers = services.flatMap(({ name, mounts }) =>
      mounts.filter(({ readOnly }) => !readOnly).map(({ source }) => `${name}: ${source}`),
    )
    expect(writers.filter((line) => !line.startsWith('setup: ')).toSorted()).toEqual([
      'connector: connector-data',
      'gateway: gateway-data',
      'identity: connector-identity',
      'identity: job-identity',
      'orders: orders-data',
    ])
  })
})

describe('its configuration', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatescribe-deploy-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is one that the gateway takes without a word', () => {
    writeFileSync(join(folder, 'jwks.json'), JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'one' }] }))
    const text = readFileSync(join(deploy, 'compose/gatescribe.yaml'), 'utf8').replace('/run/public/jwks.json', join(folder, 'jwks.json'))
    writeFileSync(join(folder, 'gatescribe.yaml'), text)
    const { config, warnings } = loadConfig(join(folder, 'gatescribe.yaml'), {}, Date.now())
    expect(warnings).toEqual([])
    expect(config.resources.map(({ name }) => name)).toEqual(['orders-db'])
  })
})
