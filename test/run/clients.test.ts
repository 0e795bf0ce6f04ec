import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../parts/command.ts'
import { ALLOW_ALL, JOB_GROUP } from '../parts/gateway-config.ts'
import { MODEL_KEY, type ModelServer, startModelServer } from '../parts/model-server.ts'
import { found, needs } from '../parts/require.ts'
import { issueTestCertificates } from '../parts/test-certificates.ts'
import { startTickets, TICKETS_TOKEN, type TicketsServer } from '../parts/tickets-server.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
let models: ModelServer
let tickets: TicketsServer
/** Somewhere in the world, with a certificate of its own authority. */
let site: Server
let siteCa: string

beforeAll(async () => {
  const { ca, server } = await issueTestCertificates(['localhost'])
  siteCa = ca
  site = createServer({ cert: server.certificate, key: server.key }, (request, response) => response.end(`at ${request.url}\n`))
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', () => resolve()))
  const { port } = site.address() as AddressInfo
  models = await startModelServer(() => ({ text: 'Four orders are late.' }))
  tickets = await startTickets()
  stage = await openStage({
    gateway: {
      adjust(config) {
        config.gateway.listen = { ...(config.gateway.listen as object), https: '127.0.0.1:0', proxy: '127.0.0.1:0' }
        const model = (name: string, api: string, base: string) => ({
          ...{ name, kind: 'model', api, address: `${models.url}${base}` },
          credentials: [{ as: 'key', apiKey: 'env:MODEL_KEY' }],
        })
        config.resources.push(
          model('first-model', 'openai', '/v1'),
          model('second-model', 'openai', '/v1'),
          model('claude', 'anthropic', ''),
          {
            ...{ name: 'tickets', kind: 'mcp', address: tickets.url, pin: 'first' },
            ...{ credentials: [{ as: 'agent', bearer: 'env:TICKETS_TOKEN' }], env: { url: 'TICKETS_MCP_URL', token: 'TICKETS_MCP_TOKEN' } },
          },
        )
        config.resources.push({ name: 'site', kind: 'egress', hosts: [`localhost:${port}`], private: true })
        const who = { groups: [JOB_GROUP] }
        config.rules = [
          ALLOW_ALL,
          { name: 'site', effect: 'allow', who, do: ['egress.connect'] },
          { name: 'models', effect: 'allow', who, do: ['model.call'] },
          { name: 'look', effect: 'allow', who, do: ['mcp.list', 'mcp.call'] },
        ]
      },
      environment: { MODEL_KEY, TICKETS_TOKEN },
    },
  })
}, 60_000)
afterAll(async () => {
  await stage?.close()
  await models?.close()
  await tickets?.close()
  site?.closeAllConnections()
  site?.close()
})

/** @returns what a job of these lines prints; it may import what the project has */
async function job(lines: string, words: readonly string[] = [], more: Readonly<Record<string, string>> = {}) {
  const file = join(import.meta.dirname, `.job-${process.pid}.mjs`)
  writeFileSync(file, lines)
  return stage.run([...words, '--', process.execPath, file], more).finally(() => spawnSync('rm', ['-f', file]))
}

it('leads the clients of models to the gateway, whatever key the caller has', async () => {
  const ran = await job(
    `import OpenAI from 'openai'
import Anthropic from '@anthropic-ai/sdk'
const messages = [{ role: 'user', content: 'How many orders are late?' }]
const openai = await new OpenAI().chat.completions.create({ model: 'gpt-4o-mini', messages })
const claude = await new Anthropic().messages.create({ model: 'claude-sonnet-4-5', max_tokens: 50, messages })
console.log(openai.choices[0].message.content, claude.content[0].text)
`,
    [],
    { OPENAI_API_KEY: 'sk-caller-000000000000000000000', ANTHROPIC_API_KEY: 'sk-ant-caller-00000000000000000000' },
  )
  expect(ran).toMatchObject({ status: 0, stdout: 'Four orders are late. Four orders are late.\n' })
  expect(JSON.stringify(models.received)).not.toContain('caller')
  expect(ran.stderr).toContain('the OpenAI API: first-model; there was also second-model (--resource NAME).')
  expect(ran.stderr).toMatch(/first-model: 1 allowed, 0 refused/)
  expect(ran.stderr).toMatch(/claude: 1 allowed, 0 refused/)
})

it('leads them to the resource that is asked for, and says which there are', async () => {
  const ran = await job('console.log(process.env.OPENAI_BASE_URL)', ['--resource', 'second-model', '--resource', 'shop'])
  expect(ran.stdout).toMatch(/\/r\/second-model\n$/)
  const none = await job('console.log(1)', ['--resource', 'third-model'])
  expect(none).toMatchObject({
    status: 125,
    stdout: '',
    stderr: expect.stringContaining('third-model; there are shop, first-model, second-model, claude, tickets'),
  })
})

it('leads clients of MCP there, under the names that the operator gave it, and a bridge by the file of the run', async () => {
  const ran = await job(`import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { readFileSync } from 'node:fs'
const client = new Client({ name: 'job', version: '1' })
const headers = { authorization: 'Bearer ' + process.env.TICKETS_MCP_TOKEN }
await client.connect(new StreamableHTTPClientTransport(new URL(process.env.TICKETS_MCP_URL), { requestInit: { headers } }))
console.log((await client.listTools()).tools.map(({ name }) => name).sort().join())
await client.close()
const { planes } = JSON.parse(readFileSync(process.env.HOME + '/.gatescribe/run.json', 'utf8'))
console.log(planes.mcp.resources[0].url === process.env.TICKETS_MCP_URL)
`)
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringMatching(/create_ticket.*\ntrue\n$/) })
})

it('leads what is named to the rest of the world through the proxy, and nothing else, with what the caller trusts', async (test) => {
  needs(test, found('curl'), 'curl')
  const { port } = site.address() as AddressInfo
  writeFileSync(join(stage.folder, 'site-ca.pem'), siteCa)
  // What is on this machine goes without the proxy: here it is meant to be elsewhere.
  const elsewhere = 'unset NO_PROXY no_proxy'
  const node = `node -e 'fetch("https://localhost:${port}/node").then((a) => a.text()).then((t) => process.stdout.write(t))'`
  const script = `${elsewhere}; curl -s https://localhost:${port}/curl; ${node}; curl -s -o /dev/null -w '%{http_connect}\n' https://example.org/`
  const more = { NODE_EXTRA_CA_CERTS: join(stage.folder, 'site-ca.pem'), PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
  const ran = await stage.run(['--', 'sh', '-c', script], more)
  expect(ran.stdout).toBe('at /curl\nat /node\n403\n')
  expect(ran.stderr).toMatch(/site: 2 allowed, 0 refused/)
})

it('gives a trace that everything of the run belongs to, and where its spans go', async () => {
  const print = 'console.log(process.env.TRACEPARENT, process.env.OTEL_EXPORTER_OTLP_ENDPOINT, process.env.OPENAI_CUSTOM_HEADERS)'
  const made = (await job(print)).stdout
  expect(made).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01 https:\/\/localhost:\d+\/otlp traceparent: 00-/)
  const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  expect((await job(print, [], { TRACEPARENT: given })).stdout).toContain(`${given} https`)
})

describe('gatescribe env', () => {
  const env = (words: readonly string[], more: Record<string, string> = {}) =>
    runCommand(process.execPath, [stage.command, 'env', ...words], { cwd: stage.folder, env: stage.environment(more) })

  it('gives a shell the same, takes away what a job is not given, and ends it when asked', async () => {
    const { status, stdout, stderr } = await env([], { AWS_PROFILE: 'prod', APP_MODE: 'test' })
    expect(status).toBe(0)
    const script = `AWS_PROFILE=prod APP_MODE=test ACTIONS_ID_TOKEN_REQUEST_URL=x; export AWS_PROFILE APP_MODE ACTIONS_ID_TOKEN_REQUEST_URL
eval "$PRINTED"
echo "$AWS_PROFILE|$APP_MODE|$ACTIONS_ID_TOKEN_REQUEST_URL|$PGUSER|$HOME"`
    const shell = await runCommand('sh', ['-c', script], { env: { PRINTED: stdout } })
    const [aws, mode, minting, run = '', home = ''] = shell.stdout.trim().split('|')
    expect({ aws, mode, minting }).toEqual({ aws: '', mode: 'test', minting: '' })
    expect(existsSync(home)).toBe(true)
    expect(stderr).toContain(`gatescribe env --end ${run}`)
    expect(stdout).not.toContain('gs_run_')
    const end = (more: Record<string, string>) => env(['--end'], more)
    expect(await end({ GATESCRIBE_RUN: run, HOME: home, GATESCRIBE_CALLER_HOME: stage.folder })).toMatchObject({
      status: 0,
      stdout: `${run} has ended.\n`,
    })
    expect(existsSync(home)).toBe(false)
    expect((await stage.shop.gateway.operator.runs()).find(({ id }) => id === run)?.state).toBe('ended')
  })

  it('writes a file for later steps, with nothing secret on its output', async () => {
    const { stdout } = await env(['--write-env', 'job.env', '--json', '--no-home'])
    expect(stdout).not.toMatch(/gs_[a-z0-9]+_/)
    const { run, envFile } = JSON.parse(stdout)
    const lines = readFileSync(envFile, 'utf8')
    expect(lines).toContain(`PGUSER=${run}\n`)
    expect(lines).not.toMatch(/^HOME=/m)
    expect(await env(['--end', run])).toMatchObject({ status: 0 })
  })
})
