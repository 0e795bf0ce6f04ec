import { describe, expect, it } from 'vitest'
import { jobVariables } from './job-variables.ts'
import type { PlaneAnswers } from './plane-answers.ts'

const files = {
  ...{ home: '/h', runFile: '/h/run.json', bundle: '/h/bundle.pem', postgresRoots: '/h/ca.pem', extraRoots: '/h/extra.pem' },
  ...{
    kubeconfig: '/h/.kube/config',
    serviceFile: '/h/.pg_service.conf',
    passFile: '/h/.pgpass',
    netrc: '/h/.netrc',
    dockerConfig: '/h/.docker',
  },
}
const at = { credential: 'gs_x_1', host: 'gw', port: 8443 }
const planes: PlaneAnswers = {
  postgres: {
    ...{ credential: 'gs_pg_1', user: 'run_one', host: 'gw', port: 5432 },
    resources: [
      { name: 'orders', databases: ['shop'] },
      { name: 'stock', databases: ['a', 'b'] },
    ],
  },
}
const of = (over: Partial<Parameters<typeof jobVariables>[0]> = {}) =>
  jobVariables({ ...{ run: 'run_one', planes, gatewayHost: 'gw', passed: {}, asked: [], files, traceparent: '00-a-b-01' }, ...over })

describe('PostgreSQL', () => {
  it('is where the gateway says, verified, with the one database that there is', () => {
    expect(of({ hostAddress: '192.0.2.1' }).variables).toMatchObject({
      ...{ PGHOST: 'gw', PGHOSTADDR: '192.0.2.1', PGPORT: '5432', PGUSER: 'run_one', PGPASSWORD: 'gs_pg_1', PGDATABASE: 'shop' },
      ...{ PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/h/ca.pem', PGAPPNAME: 'run_one', PGSERVICEFILE: '/h/.pg_service.conf' },
    })
  })

  it('keeps the settings of the caller, and adds to the options the resource that is asked for', () => {
    const passed = { PGUSER: 'me', PGDATABASE: 'mine', PGAPPNAME: 'report', PGOPTIONS: '-c statement_timeout=5s' }
    const { variables, choices } = of({ passed, asked: ['stock'] })
    expect(variables).toMatchObject({ PGAPPNAME: 'report', PGOPTIONS: '-c statement_timeout=5s -c gatescribe.resource=stock' })
    expect(variables).not.toHaveProperty('PGUSER')
    expect(variables).not.toHaveProperty('PGDATABASE')
    expect(choices).toEqual([{ what: 'PostgreSQL', resource: 'stock', others: ['orders'] }])
  })

  it('takes settings of the caller that have several lines as one', () => {
    const { variables } = of({ passed: { PGAPPNAME: 'a\nb', PGOPTIONS: '-c a=b\n-c c=d' } })
    expect(variables).toMatchObject({ PGAPPNAME: 'a b', PGOPTIONS: '-c a=b -c c=d' })
  })

  it('is not there where the gateway has no door for it', () => {
    const { variables } = of({ planes: { postgres: { credential: 'gs_pg_1', user: 'run_one' } } })
    expect(Object.keys(variables).filter((name) => name.startsWith('PG'))).toEqual([])
  })
})

describe('models', () => {
  const model = {
    ...at,
    resources: [
      { name: 'gpt', url: 'https://gw:8443/r/gpt', api: 'openai' },
      { name: 'azure', url: 'https://gw:8443/r/azure', api: 'azure-openai' },
      { name: 'claude', url: 'https://gw:8443/r/claude', api: 'anthropic' },
    ],
  }

  it("have the slots that each API's clients fill", () => {
    expect(of({ planes: { ...planes, model } }).variables).toMatchObject({
      ...{ OPENAI_BASE_URL: 'https://gw:8443/r/gpt', OPENAI_API_KEY: 'gs_x_1', OPENAI_CUSTOM_HEADERS: 'traceparent: 00-a-b-01' },
      ...{ AZURE_OPENAI_ENDPOINT: 'https://gw:8443/r/azure', AZURE_OPENAI_API_KEY: 'gs_x_1' },
      ...{ ANTHROPIC_BASE_URL: 'https://gw:8443/r/claude', ANTHROPIC_AUTH_TOKEN: 'gs_x_1' },
      OLLAMA_HOST: 'https://gw:8443/r/gpt',
    })
  })
})

describe('names that an operator gave', () => {
  const named = (env: { url?: string; token?: string }) =>
    of({ planes: { ...planes, mcp: { ...at, resources: [{ name: 'tickets', url: 'https://gw/r/tickets', env }] } } })

  it('are set', () => {
    expect(named({ url: 'TICKETS_MCP_URL', token: 'TICKETS_MCP_TOKEN' }).variables).toMatchObject({
      ...{ TICKETS_MCP_URL: 'https://gw/r/tickets', TICKETS_MCP_TOKEN: 'gs_x_1' },
      GATESCRIBE_MCP_URL: 'https://gw/r/tickets',
    })
  })

  it.each([
    'LD_PRELOAD',
    'NODE_OPTIONS',
    'PATH',
    'PYTHONSTARTUP',
    'HOME',
    'BASH_ENV',
    'GATESCRIBE_ID_TOKEN',
    'HTTPS_PROXY',
    'NETRC',
    'DOCKER_CONFIG',
    'a b',
    '',
  ])('are refused where they would do more than that: %s', (url) =>
    expect(() => named({ url })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_ANSWER' })),
  )
})

it('leads to the proxy of the gateway, and to the gateway itself without it', () => {
  const http = { ...at, host: 'planes.gw', resources: [] }
  const { variables } = of({ planes: { ...planes, http }, proxyUrl: 'http://run_one:gs_proxy_1@127.0.0.1:4000' })
  expect(variables).toMatchObject({
    HTTPS_PROXY: 'http://run_one:gs_proxy_1@127.0.0.1:4000',
    NO_PROXY: 'gw,planes.gw,localhost,127.0.0.1,::1',
  })
  expect(of().variables).not.toHaveProperty('HTTPS_PROXY')
})

it('refuses a value that no variable can hold', () => {
  const broken = { postgres: { ...planes.postgres, credential: 'x\nLD_PRELOAD=/evil.so' } }
  expect(() => of({ planes: broken })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_ANSWER' }))
})
