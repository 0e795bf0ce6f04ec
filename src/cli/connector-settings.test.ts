import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ConnectorOptions, connectorSettings, dataOf } from './connector-settings.ts'
import { exitCodeOf } from './exit-codes.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-connector-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const GATEWAY = 'https://gw.example.org:8446'
const given = { gateway: GATEWAY, allow: ['orders.internal:5432'] }
const read = (options: ConnectorOptions) => connectorSettings(options, { folder })
const file = (text: string) => {
  mkdirSync(join(folder, 'etc'), { recursive: true })
  writeFileSync(join(folder, 'etc/connector.yaml'), text)
  return 'etc/connector.yaml'
}

it('fills in what is left out', () => {
  expect(read(given)).toEqual({
    ...{ gateway: new URL(GATEWAY), allow: ['orders.internal:5432'] },
    ...{ data: join(folder, 'connector'), drain: 300_000 },
  })
})

it('reads a file, whose paths start from it, and lets options come first', () => {
  writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n')
  const config = file(
    `gateway: ${GATEWAY}\nca: ../ca.pem\ndata: state\ntokenFile: a.token\nallow: [ "*.db.internal:5432", "10.1.0.0/16:5432" ]\ndrain: 30s\nhealth: "127.0.0.1:9464"\n`,
  )
  expect(read({ config })).toEqual({
    gateway: new URL(GATEWAY),
    ca: '-----BEGIN CERTIFICATE-----\n',
    data: join(folder, 'etc/state'),
    tokenFile: join(folder, 'etc/a.token'),
    allow: ['*.db.internal:5432', '10.1.0.0/16:5432'],
    drain: 30_000,
    health: { host: '127.0.0.1', port: 9464 },
  })
  expect(read({ config, data: 'here', allow: ['a:1'] })).toMatchObject({ data: join(folder, 'here'), allow: ['a:1'] })
  expect([dataOf({ config }, { folder }), dataOf({ config, data: 'here' }, { folder }), dataOf({}, { folder })]).toEqual(
    ['etc/state', 'here', 'connector'].map((name) => join(folder, name)),
  )
})

it.each<[string, ConnectorOptions]>([
  ['no gateway', { allow: ['a:1'] }],
  ['a gateway without TLS', { ...given, gateway: 'http://gw.example.org:8446' }],
  ['a gateway with a path', { ...given, gateway: `${GATEWAY}/v1` }],
  ['a gateway with a password in it', { ...given, gateway: 'https://u:p@gw.example.org:8446' }],
  ['nothing that is allowed', { gateway: GATEWAY }],
  ['two ways to enrol', { ...given, name: 'plant-a', tokenFile: 'a', workloadTokenFile: 'b' }],
  ['a workload token without a name', { ...given, workloadTokenFile: 'b' }],
  ['a drain that is no duration', { ...given, drain: 'forever' }],
  ['a health address without a port', { ...given, health: 'localhost' }],
])('refuses %s as settings, so that nobody starts it again and again', (_, options) => {
  expect(() => read(options)).toThrow(expect.objectContaining({ code: 'GS_CLI_CONNECTOR_SETTINGS' }))
  expect(exitCodeOf('GS_CLI_CONNECTOR_SETTINGS')).toBe(78)
})

it.each([
  ['a field that there is not', 'gateway: https://a:1\ntarget: x\n'],
  ['a field twice', 'gateway: https://a:1\ngateway: https://b:1\n'],
  ['broken YAML', 'gateway: [\n'],
  ['an alias', 'allow: &a [x:1]\nname: *a\n'],
  ['a list', '- a\n'],
])('refuses a file with %s, and names it', (_, text) => {
  expect(() => read({ config: file(text) })).toThrow(/etc\/connector\.yaml/)
})

it('refuses a CA that is none, and names a file that is not there', () => {
  writeFileSync(join(folder, 'key.pem'), '-----BEGIN PRIVATE KEY-----\nsecret\n')
  expect(() => read({ ...given, ca: 'key.pem' })).toThrow(/no certificate(?![\s\S]*secret)/)
  expect(() => read({ ...given, ca: 'none.pem' })).toThrow(expect.objectContaining({ code: 'GS_CLI_FILE' }))
})
