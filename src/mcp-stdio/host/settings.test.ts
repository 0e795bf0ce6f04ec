import { describe, expect, it } from 'vitest'
import { startTestHost } from '../../../test/parts/mcp-host.ts'
import { accountOfServers, type Machine } from './account.ts'
import { checkHost } from './index.ts'
import { type HostSettings, parseHostSettings } from './settings.ts'

const WHOLE = `
listen: 127.0.0.1:7801
token: file:/etc/gatescribe/mcp-host.token
gateway: { data: /var/lib/gatescribe }
user: gatescribe-mcp
servers:
  - name: tickets
    command: [node, /opt/tickets/index.js]
    env: { LOG_LEVEL: info }
    secrets: { TICKETS_KEY: file:/etc/gatescribe/tickets.key }
    idle: 10m
`

describe('the configuration', () => {
  it('is read, with what is left out', () => {
    expect(parseHostSettings(WHOLE, 'mcp-host.yaml').servers).toEqual([
      {
        ...{ name: 'tickets', command: ['node', '/opt/tickets/index.js'], env: { LOG_LEVEL: 'info' }, sessions: 50, idle: 600_000 },
        ...{ secrets: { TICKETS_KEY: 'file:/etc/gatescribe/tickets.key' }, messageBytes: 4 * 1024 * 1024 },
      },
    ])
  })

  it.each([
    ['an address that others reach', '127.0.0.1:7801', '0.0.0.0:7801', /mcp-host\.yaml:2: listen: a loopback address/],
    ['a token in clear', 'file:/etc/gatescribe/mcp-host.token', 'hunter2hunter2hunter2hunter2hunter2', /:3: token: file:/],
    ['a gateway that is not said', 'gateway: { data: /var/lib/gatescribe }', '', /gateway/],
    ['a secret in clear', 'file:/etc/gatescribe/tickets.key', 'hunter2', /:10: servers\.0\.secrets\.TICKETS_KEY/],
    ['a command in one word list', '[node, /opt/tickets/index.js]', 'node index.js', /:8: servers\.0\.command/],
    ['a field that there is not', 'idle: 10m', 'iddle: 10m', /iddle/],
    ['a name twice', '    idle: 10m', '    idle: 10m\n  - { name: tickets, command: [x] }', /two servers have the same name/],
    ['a field twice', 'listen: 127.0.0.1:7801', 'listen: 127.0.0.1:7801\nlisten: 127.0.0.1:7802', /mcp-host\.yaml:3: .*unique/],
    ['what is no YAML', 'servers:', 'servers: [', /mcp-host\.yaml:\d+: /],
  ])('is refused where it has %s, with its line', (_, from, to, wanted) => {
    const text = WHOLE.replace(from, to)
    expect(text).not.toBe(WHOLE)
    expect(() => parseHostSettings(text, 'mcp-host.yaml')).toThrow(wanted)
    expect(() => parseHostSettings(text, 'mcp-host.yaml')).toThrow(expect.objectContaining({ code: 'GS_MCP_HOST_CONFIG' }))
  })
})

describe('as whom servers run', () => {
  const machine = (uid: number): Machine => ({
    self: { uid, gid: uid },
    lookUp: async (name) => ({ mcp: { uid: 990, gid: 991 }, gatescribe: { uid: 900, gid: 900 }, root: { uid: 0, gid: 0 } })[name],
    owner: (folder) => (folder === '/var/lib/gatescribe' ? 900 : undefined),
  })
  const decide = (uid: number, user: string | number | undefined, gateway: HostSettings['gateway']) =>
    accountOfServers({ user, gateway }, machine(uid))

  it('is the user that is named, where root starts the host, else whoever starts it', async () => {
    expect(await decide(0, 'mcp', { data: '/var/lib/gatescribe' })).toEqual({ uid: 990, gid: 991 })
    expect(await decide(0, 12_345, 'elsewhere')).toEqual({ uid: 12_345, gid: 12_345 })
    expect(await decide(990, undefined, { user: 'gatescribe' })).toBeUndefined()
    expect(await decide(990, 'mcp', 'elsewhere')).toBeUndefined()
  })

  it.each<readonly [string, number, string | number | undefined, HostSettings['gateway'], string]>([
    ['root that names nobody', 0, undefined, 'elsewhere', 'GS_MCP_HOST_NEEDS_USER'],
    ['root by name', 0, 'root', 'elsewhere', 'GS_MCP_HOST_ROOT'],
    ['root by number', 0, 0, 'elsewhere', 'GS_MCP_HOST_ROOT'],
    ['the owner of what the gateway keeps', 900, undefined, { data: '/var/lib/gatescribe' }, 'GS_MCP_HOST_SAME_USER'],
    ['the user of the gateway', 0, 'gatescribe', { user: 'gatescribe' }, 'GS_MCP_HOST_SAME_USER'],
    ['the user of the gateway by number', 0, 900, { user: 'gatescribe' }, 'GS_MCP_HOST_SAME_USER'],
    ['somebody else, without the right to', 1000, 'mcp', 'elsewhere', 'GS_MCP_HOST_CANNOT_SWITCH'],
    ['somebody who is not there', 0, 'nobody-here', 'elsewhere', 'GS_MCP_HOST_UNKNOWN_USER'],
    ['anybody, where the gateway cannot be told', 990, undefined, { data: '/nowhere' }, 'GS_MCP_HOST_CONFIG'],
  ])('is never %s', async (_, uid, user, gateway, code) => {
    await expect(decide(uid, user, gateway)).rejects.toMatchObject({ code })
  })
})

describe('before it starts', () => {
  const settings = parseHostSettings(WHOLE.replace('{ data: /var/lib/gatescribe }', 'elsewhere').replace('user: gatescribe-mcp', ''), 'x')
  const machine: Machine = { self: { uid: 990, gid: 990 }, lookUp: async () => undefined, owner: () => undefined }
  const check = (values: Readonly<Record<string, string>>) =>
    checkHost({
      ...{ settings, machine },
      secret: async (reference) => values[reference] ?? Promise.reject(new Error(`${reference} is not there.`)),
    })
  const token = { 'file:/etc/gatescribe/mcp-host.token': 'x'.repeat(32) }

  it('looks for its token and for what servers need', async () => {
    await expect(check({})).rejects.toMatchObject({ code: 'GS_MCP_HOST_TOKEN', message: expect.stringContaining('mcp-host.token') })
    await expect(check({ 'file:/etc/gatescribe/mcp-host.token': 'short' })).rejects.toMatchObject({ code: 'GS_MCP_HOST_TOKEN' })
    await expect(check(token)).rejects.toMatchObject({ code: 'GS_MCP_HOST_SECRET', message: expect.stringContaining('tickets.key') })
    expect((await check({ ...token, 'file:/etc/gatescribe/tickets.key': 'k' })).secrets.get('tickets')).toEqual({ TICKETS_KEY: 'k' })
  })

  it('says so where it cannot listen', async () => {
    const host = await startTestHost({ x: ['true'] })
    const { port } = new URL(host.url)
    const taken = { ...settings, listen: `127.0.0.1:${port}` }
    const { startHost } = await import('./index.ts')
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const starting = startHost({ settings: taken, machine, log, path: '', secret: async () => 'x'.repeat(32) })
    await expect(starting).rejects.toMatchObject({ code: 'GS_MCP_HOST_LISTEN' })
    await host.stop()
  })
})
