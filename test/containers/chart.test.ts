import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { loadConfig } from '../../src/config/index.ts'
import { runCommand } from '../parts/command.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { needs } from '../parts/require.ts'

const root = join(import.meta.dirname, '../..')
const chart = join(root, 'deploy/helm/gatescribe')
const binaries = kubernetesBinaries()
/** The values that the quick start shows: of a gateway, and of connectors elsewhere. */
const [ofGateway = '', ofConnector = ''] = [
  ...readFileSync(join(root, 'docs/quickstart.md'), 'utf8').matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm),
].map(([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))

// biome-ignore lint/suspicious/noExplicitAny: objects of Kubernetes, of which each test knows its own.
type Rendered = any

let folder: string
let cluster: RunningCluster
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-chart-'))
  if (!binaries) return
  cluster = await startCluster()
  for (const name of ['gatescribe', 'agents', 'elsewhere']) await cluster.namespace(name)
  const restricted = ['enforce', 'warn'].map((mode) => `pod-security.kubernetes.io/${mode}=restricted`)
  for (const name of ['gatescribe', 'elsewhere'])
    expect((await cluster.kubectl(['label', 'namespace', name, ...restricted])).status).toBe(0)
}, 120_000)
afterAll(async () => {
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach((test) => needs(test, binaries, KUBERNETES_PARTS))

let count = 0
function written(values: string | object): string {
  const path = join(folder, `values-${++count}.yaml`)
  writeFileSync(path, typeof values === 'string' ? values : stringify(values))
  return path
}

async function template(values: string | object, ...words: string[]) {
  return runCommand(
    binaries!.helm,
    ['template', 'gatescribe', chart, '-n', 'gatescribe', '--kube-version', '1.33.0', '-f', written(values), ...words],
    { env: { HOME: folder } },
  )
}

async function rendered(values: string | object, ...words: string[]): Promise<Rendered[]> {
  const { status, stdout, stderr } = await template(values, ...words)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((each) => each !== null)
}

const of = (objects: Rendered[], kind: string, end = ''): Rendered =>
  objects.find((each) => each.kind === kind && each.metadata.name.endsWith(end))

describe('the chart', () => {
  it('is one that helm has nothing to say against', async () => {
    const { status, stdout } = await runCommand(binaries!.helm, ['lint', '--strict', chart, '-f', written(ofGateway)], {
      env: { HOME: folder },
    })
    expect({ status, problems: stdout.match(/\[(WARNING|ERROR)\].*/g) }).toEqual({ status: 0, problems: null })
  })

  it('has a schema for all of its values', () => {
    const paths = (schema: Rendered, at = ''): string[] =>
      Object.entries<Rendered>(schema.properties ?? {}).flatMap(([name, below]) =>
        below.properties ? paths(below, `${at}${name}.`) : [`${at}${name}`],
      )
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'))
    const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))
    const has = (path: string) => path.split('.').reduce((at: Rendered, name) => at?.[name], values) !== undefined
    expect(paths(schema).length).toBeGreaterThan(50)
    expect(paths(schema).filter((path) => path !== 'global' && !has(path))).toEqual([])
  })

  it('writes a configuration that the gateway takes', async () => {
    const files = of(await rendered(ofGateway), 'ConfigMap').data as Record<string, string>
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const { config, warnings } = loadConfig(join(folder, 'gatescribe.yaml'), {}, Date.now())
    expect(warnings.map(String)).toEqual([])
    expect(config.gateway.listen).toEqual({
      ...{ postgres: { host: '0.0.0.0', port: 5432 }, token: { host: '0.0.0.0', port: 8444 } },
      metrics: { host: '0.0.0.0', port: 9464 },
    })
    expect(config.gateway.tls.names).toEqual(['gatescribe', 'gatescribe.gatescribe', 'gatescribe.gatescribe.svc'])
  })

  it.each([
    ['no Secret', { gateway: { origin: 'example.org/prod' } }, /gateway\.secret is missing/],
    ['no origin', { gateway: { secret: 's' } }, /origin is missing/],
    [
      'a section that the chart writes',
      { gateway: { secret: 's', origin: 'example.org/a', config: 'rules: []\ngateway: { data: /tmp }\n' } },
      /has a section that the chart writes/,
    ],
    ['a value that does not exist', { gateway: { secrets: 's' } }, /additional properties 'secrets' not allowed/],
    [
      'a connector that may dial nothing',
      { gateway: { enabled: false }, connector: { enabled: true, gateway: 'https://a', name: 'a', audience: 'a' } },
      /allow is empty/,
    ],
  ])('refuses %s', async (_, values, said) => {
    const { status, stderr } = await template(values)
    expect(status).not.toBe(0)
    expect(stderr).toMatch(said)
  })

  it('lets governed pods reach the gateway and DNS, and nothing else', async () => {
    const policy = of(await rendered(ofGateway), 'NetworkPolicy', '-jobs')
    expect(policy.metadata.namespace).toBe('agents')
    expect(policy.spec).toMatchObject({ podSelector: { matchLabels: { 'governed-by': 'gatescribe' } }, policyTypes: ['Egress'] })
    const [gateway, dns, ...more] = policy.spec.egress
    expect(more).toEqual([])
    expect(gateway.to).toHaveLength(1)
    expect(gateway.to[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'gatescribe' })
    expect(gateway.ports.map(({ port }: Rendered) => port)).toEqual([5432, 8444])
    expect(dns.ports.every(({ port }: Rendered) => port === 53)).toBe(true)
    const strict = of(
      await rendered(ofGateway, '--set', 'networkPolicy.jobs.dns=false', '--set-json', 'networkPolicy.jobs.labels={"governed-by":null}'),
      'NetworkPolicy',
      '-jobs',
    )
    expect(strict.spec).toMatchObject({ podSelector: {}, egress: [gateway] })
  })

  it('restarts nothing where only the configuration changes', async () => {
    const workload = async (...words: string[]) => of(await rendered(ofGateway, ...words), 'StatefulSet').spec.template
    expect(await workload('--set', 'gateway.config=rules: []')).toEqual(await workload())
  })

  it('says where it is scraped, to whoever is told whom to trust', async () => {
    const [on, trust] = ['gateway.serviceMonitor.enabled=true', 'gateway.serviceMonitor.tlsConfig.serverName=gatescribe']
    expect((await template(ofGateway, '--set', on)).stderr).toContain('tlsConfig is missing')
    const monitor = of(await rendered(ofGateway, '--set', `${on},${trust}`), 'ServiceMonitor')
    expect(monitor.spec.endpoints[0]).toMatchObject({
      port: 'metrics',
      scheme: 'https',
      authorization: { credentials: { name: 'gatescribe', key: 'metrics-token' } },
    })
  })
})

describe('at an API server that enforces Pod Security restricted', () => {
  const helm = (...words: string[]) => cluster.helm(words, { env: { KUBECONFIG: cluster.adminKubeconfig, HOME: folder } })
  const get = async (path: string): Promise<Rendered> => (await cluster.request('GET', path)).json

  it('is installed as the quick start says, and upgraded', async () => {
    const values = written(ofGateway)
    const installed = await helm('install', 'gatescribe', chart, '-n', 'gatescribe', '-f', values)
    // A workload that would break the standard is warned of.
    expect({ status: installed.status, stderr: installed.stderr }).toEqual({ status: 0, stderr: '' })
    expect(installed.stdout).toContain('kubectl -n gatescribe exec gatescribe-0 -- gatescribe doctor')
    expect((await get('/apis/apps/v1/namespaces/gatescribe/statefulsets/gatescribe')).spec.replicas).toBe(1)
    expect((await get('/apis/networking.k8s.io/v1/namespaces/agents/networkpolicies')).items).toHaveLength(1)
    expect((await get('/apis/policy/v1/namespaces/gatescribe/poddisruptionbudgets')).items).toHaveLength(1)
    expect((await helm('upgrade', 'gatescribe', chart, '-n', 'gatescribe', '-f', values, '--set', 'gateway.doors.https=true')).status).toBe(
      0,
    )
  })

  it('has connectors installed elsewhere', async () => {
    const installed = await helm('install', 'plant', chart, '-n', 'elsewhere', '-f', written(ofConnector))
    expect({ status: installed.status, stderr: installed.stderr }).toEqual({ status: 0, stderr: '' })
    expect((await get('/apis/apps/v1/namespaces/elsewhere/deployments/plant-gatescribe-connector')).spec.replicas).toBe(2)
  })

  it.each([
    ['the gateway', '/apis/apps/v1/namespaces/gatescribe/statefulsets/gatescribe', 'gatescribe'],
    ['a connector', '/apis/apps/v1/namespaces/elsewhere/deployments/plant-gatescribe-connector', 'elsewhere'],
  ])('lets pods of %s in', async (_, workload, namespace) => {
    const { spec } = (await get(workload)).spec.template
    const create = (pod: object) =>
      cluster.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { generateName: 'try-' },
        spec: pod,
      })
    // What a StatefulSet adds of its own.
    const data = spec.volumes.some(({ name }: Rendered) => name === 'data')
      ? []
      : [{ name: 'data', persistentVolumeClaim: { claimName: 'data-gatescribe-0' } }]
    const pod = { ...spec, volumes: [...spec.volumes, ...data], ...(spec.serviceAccountName && { serviceAccountName: 'default' }) }
    expect((await create(pod)).status).toBe(201)
    // And that it is this standard which lets them in.
    const refused = await create({ ...pod, securityContext: { ...pod.securityContext, runAsNonRoot: false, runAsUser: 0 } })
    expect({ status: refused.status, message: refused.json.message }).toMatchObject({
      status: 403,
      message: expect.stringContaining('PodSecurity "restricted'),
    })
  })

  it('has a test of its own that is let in', async () => {
    const hooks = await helm('get', 'hooks', 'gatescribe', '-n', 'gatescribe')
    const created = await cluster.request('POST', '/api/v1/namespaces/gatescribe/pods?dryRun=All', parse(hooks.stdout))
    expect(created.status).toBe(201)
  })
})
