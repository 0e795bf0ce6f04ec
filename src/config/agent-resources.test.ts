import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildConfig } from './build.ts'
import { judgeText } from './judge-text.ts'
import { document } from './schema/document.ts'
import { parseSource } from './source.ts'

const example = readFileSync(new URL('../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
const MODEL = `  - name: openai
    kind: model
    api: openai
    address: https://api.openai.com/v1/
    credentials: [ { as: key, apiKey: "secret:openai" } ]
    prices: { gpt-4o-mini: { input: 0.15, output: 0.6, per: 1000000, currency: USD } }
`
const MCP = `  - name: tickets
    kind: mcp
    address: https://mcp.internal/tickets
    credentials: [ { as: agent, bearer: "secret:tickets" } ]
    env: { url: TICKETS_MCP_URL, token: TICKETS_MCP_TOKEN }
`
const EGRESS = `  - name: code
    kind: egress
    hosts: [GitHub.com, "*.github.com:8443", "git.internal:22/plain"]
`
const doors = '    https: 0.0.0.0:8443\n    proxy: 0.0.0.0:3128\n'
const text = (resources: string, listen = doors) =>
  example.replace('    token: 0.0.0.0:8444', `${listen}    token: 0.0.0.0:8444`).replace('\nrules:\n', `\n${resources}\nrules:\n`)
const built = (resources: string) => {
  const config = buildConfig(document.parse(parseSource('x', text(resources)).value), '/')
  return config.resources.slice(1)
}
const said = (resources: string, listen?: string) => {
  const { problems } = judgeText(text(resources, listen), 0)
  return problems.map(({ code, path }) => `${code.replace('GS_CONFIG_', '')} ${path}`)
}

describe('a model', () => {
  it('is made exact, with its key where its API expects it', () => {
    expect(built(MODEL)).toMatchObject([
      {
        ...{ kind: 'model', api: 'openai', host: 'api.openai.com', port: 443, basePath: '/v1', usage: 'ask' },
        credentials: [{ as: 'key', opens: { by: 'bearer', token: { from: 'secret', name: 'openai' } } }],
        prices: new Map([['gpt-4o-mini', { input: 0.15, output: 0.6, per: 1_000_000, currency: 'USD' }]]),
      },
    ])
    const header = (api: string) => built(MODEL.replace('api: openai', `api: ${api}`))[0]
    expect(header('anthropic')).toMatchObject({ credentials: [{ opens: { by: 'header', name: 'x-api-key' } }] })
    expect(header('azure-openai')).toMatchObject({ credentials: [{ opens: { by: 'header', name: 'api-key' } }] })
    expect(built(MODEL.replace('apiKey: "secret:openai"', 'none: true'))[0]).toMatchObject({ credentials: [{ opens: { by: 'none' } }] })
  })

  it.each([
    ['another API', 'api: openai', 'api: gemini', 'resources[1].api'],
    ['two ways to open it', 'apiKey: "secret:openai"', 'apiKey: "secret:openai", none: true', 'resources[1].credentials[0]'],
    ['no way to open it', ', apiKey: "secret:openai"', '', 'resources[1].credentials[0]'],
    ['a price without a currency', ', currency: USD', '', 'resources[1].prices.gpt-4o-mini.currency'],
    ['a price below nothing', 'input: 0.15', 'input: -1', 'resources[1].prices.gpt-4o-mini.input'],
  ])('is refused with %s', (_, from, to, path) => expect(said(MODEL.replace(from, to)).map((each) => each.split(' ')[1])).toEqual([path]))
})

describe('an MCP server', () => {
  it('is made exact, and its tools must be pinned unless it is said otherwise', () => {
    const [tickets] = built(MCP)
    expect(tickets).toMatchObject({
      kind: 'mcp',
      basePath: '/tickets',
      pin: 'required',
      env: { url: 'TICKETS_MCP_URL', token: 'TICKETS_MCP_TOKEN' },
    })
    expect(built(`${MCP}    pin: first\n`)[0]).toMatchObject({ pin: 'first' })
  })

  it.each([
    'PATH',
    'LD_PRELOAD',
    'PYTHONSTARTUP',
    'NODE_OPTIONS',
    'HTTPS_PROXY',
    'pgpassword',
    'GATESCRIBE_RUN',
    'GIT_SSH_COMMAND',
    'a b',
    '1A',
  ])('is told to a job under no name that means something else: %s', (name) =>
    expect(said(MCP.replace('TICKETS_MCP_URL', `"${name}"`))).toEqual(['WRONG_VALUE resources[1].env.url']),
  )

  it('needs two names for two things', () => {
    expect(said(MCP.replace('TICKETS_MCP_TOKEN', 'TICKETS_MCP_URL'))).toEqual(['WRONG_VALUE resources[1].env'])
  })
})

describe('what goes through the forward proxy', () => {
  it('is made exact', () => {
    const plain = { port: 22, plain: true }
    expect(built(EGRESS)).toEqual([
      {
        ...{ kind: 'egress', name: 'code', private: false, tags: [] },
        hosts: [
          { name: 'github.com', ports: [{ port: 443, plain: false }] },
          { name: '*.github.com', ports: [{ port: 8443, plain: false }] },
          { name: 'git.internal', ports: [plain] },
        ],
      },
    ])
    expect(said(EGRESS)).toEqual([])
  })

  it.each([
    '"*"',
    '"*.*.a.test"',
    '"a.*.test"',
    'https://a.test',
    'a.test/b',
    'a.test:0',
    'a.test:65536',
    '"a.test:443/tls"',
    '"[::1]:443"',
  ])('names no %s', (host) => expect(said(EGRESS.replace('GitHub.com', host))).toEqual(['WRONG_VALUE resources[1].hosts[0]']))

  it('needs a proxy, and each name and port leads to one resource', () => {
    expect(said(EGRESS, '    https: 0.0.0.0:8443\n')).toEqual(['INCONSISTENT resources[1].kind'])
    const other = EGRESS.replace('name: code', 'name: other').replace(/hosts: .*/, 'hosts: ["github.com:443"]')
    expect(said(EGRESS + other)).toEqual(['INCONSISTENT resources[2].hosts[0]'])
    const intercepted = `${MODEL}    hosts: [github.com]\n    intercept: true\n`
    expect(said(EGRESS + intercepted)).toEqual(['INCONSISTENT resources[2].hosts[0]'])
    expect(said(`${MODEL}    intercept: true\n`)).toEqual(['INCONSISTENT resources[1].intercept'])
    expect(said(`${MODEL}    hosts: [api.openai.com]\n    intercept: true\n`)).toEqual([])
  })
})

it('needs a PostgreSQL door only where there is a database', () => {
  const without = (resources: string) => resources.replace(/^ {4}postgres: .*\n/m, '')
  expect(judgeText(without(text(MODEL)), 0).problems.map(({ path }) => path)).toEqual(['resources[0].kind'])
})
