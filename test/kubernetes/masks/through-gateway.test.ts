import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { type KubernetesGateway, startKubernetesGateway } from '../../parts/kubernetes-gateway.ts'
import { readTrail } from '../../parts/recorded.ts'
import { recordingIn, sessionsOf } from '../../parts/recordings.ts'
import { needs } from '../../parts/require.ts'
import { type Ask, OF_KUBELETS, OTHERS, readings, writings } from './asks.ts'
import { CANARIES, canariesIn, plainlyIn } from './canary.ts'
import { fill, NAMESPACE } from './world.ts'

/** Watches last a second each. */
const AT_ONCE = 32
const FIELDS = ['helm-releases', 'secrets', 'configmaps', 'environment', 'widgets.example.com:spec.token']

let issuer: TestIssuer
let cluster: RunningCluster
let inFront: KubernetesGateway
/** Its connections are sessions: not more than are asked at once. */
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
let job: Awaited<ReturnType<KubernetesGateway['kubeconfig']>>

beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  issuer = await startIssuer()
  cluster = await startCluster()
  await fill(cluster)
  inFront = await startKubernetesGateway({
    ...{ issuer, cluster, token: cluster.adminToken },
    adjust(config) {
      const on = { resources: ['cluster'] }
      config.masks = [
        { name: 'values', on, fields: FIELDS, as: 'redact' },
        { name: 'contacts', on, detect: ['email', 'card'], as: 'partial' },
      ]
      config.budgets = [{ name: 'as-many-as-there-are', per: 'run', limit: { refusals: 1_000_000 } }]
    },
  })
  job = await inFront.kubeconfig()
})
afterAll(async () => {
  agent.destroy()
  await inFront?.gateway.remove()
  await cluster?.stop()
  await issuer?.close()
})

interface Came {
  readonly status: number
  /** Everything that the client sees. */
  readonly bytes: Buffer
}

/** As `curl` would, through the gateway. */
function ask({ method, path, headers, body }: Ask): Promise<Came> {
  const at = new URL(job.server)
  return new Promise((resolve) => {
    const asked = request(
      {
        ...{ agent, host: '127.0.0.1', port: at.port, ca: inFront.gateway.ca, servername: 'localhost', method },
        path: `${at.pathname.replace(/\/$/, '')}${path}`,
        headers: { ...headers, host: at.host, authorization: `Bearer ${job.token}` },
      },
      (answer) => {
        const out: Buffer[] = [Buffer.from(JSON.stringify(answer.headers))]
        const done = (status: number) => resolve({ status, bytes: Buffer.concat(out) })
        answer.on('data', (chunk: Buffer) => out.push(chunk))
        answer.once('error', () => done(0))
        answer.once('end', () => done(answer.statusCode ?? 0))
      },
    )
    asked.once('error', (error) => resolve({ status: 0, bytes: Buffer.from(String(error)) }))
    asked.end(body)
  })
}

async function hunt(asks: readonly Ask[]) {
  const leaks: string[] = []
  const statuses = new Map<number, number>()
  const waiting = asks.values()
  const lane = async () => {
    for (const asked of waiting) {
      const { status, bytes } = await ask(asked)
      const { method, path, headers, body } = asked
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      for (const found of canariesIn(bytes)) leaks.push(`${found}: ${status} ${method} ${path} ${JSON.stringify(headers)} ${body ?? ''}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return { leaks, statuses }
}

const kubectl = (...words: string[]) => cluster.kubectl(['-n', NAMESPACE, ...words], { env: { KUBECONFIG: job.path } })

describe('through a gateway that allows everything, and masks', () => {
  it('nothing comes, however objects are read, written to, copied and got wrong', { timeout: 300_000 }, async () => {
    const { leaks, statuses } = await hunt([...readings(), ...OTHERS, ...OF_KUBELETS])
    expect(leaks).toEqual([])
    expect(statuses.get(200)).toBeGreaterThan(400)
    // Protobuf, CBOR and YAML alone.
    expect(statuses.get(406)).toBeGreaterThan(100)
    const written = await hunt(writings())
    expect(written.leaks).toEqual([])
    expect(written.statuses.get(200)).toBeGreaterThan(50)
    expect(written.statuses.get(403)).toBeGreaterThan(200)
  })

  it('kubectl shows masked values where it showed them', async () => {
    const secret = await kubectl('get', 'secret', 'db', '-o', 'jsonpath={.data.password}')
    expect(Buffer.from(secret.stdout, 'base64').toString()).toBe('[masked]')
    const described = await kubectl('describe', 'pod', 'pod')
    expect(described.stdout).toMatch(/PASSWORD: +\[masked\]/)
    expect((await kubectl('get', 'secrets')).stdout).toMatch(/^db +Opaque +2 /m)
    // Cells of a Table might show what is masked: what comes has none.
    expect((await kubectl('get', 'widgets')).stdout).toMatch(/^NAME +AGE\nwidget /)
    for (const words of [
      ['get', 'all,secrets,configmaps', '-o', 'yaml'],
      ['get', 'secret', 'db', '-o', 'json', '-v=9'],
      ['diff', '-f', '-'],
    ]) {
      const { bytes, stderr } = await kubectl(...words)
      expect(canariesIn(Buffer.concat([bytes, Buffer.from(stderr)])), words.join(' ')).toEqual([])
    }
  })

  it('what does not touch a masked field is done', async () => {
    expect((await kubectl('label', 'secret', 'db', 'team=shop')).status).toBe(0)
    expect((await kubectl('annotate', 'deployment', 'deployment', 'a=b')).status).toBe(0)
    expect((await kubectl('set', 'image', 'deployment/deployment', 'main=registry.example/app:2')).status).toBe(0)
    expect((await kubectl('scale', 'deployment/deployment', '--replicas=0')).status).toBe(0)
    expect((await kubectl('rollout', 'restart', 'deployment/deployment')).status).toBe(0)
    expect((await kubectl('delete', 'secret', 'not-there')).stderr).toContain('secrets "not-there" not found')
    const { json } = await cluster.request('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/deployment`)
    expect(json.spec.template.spec.containers[0]).toMatchObject({
      image: 'registry.example/app:2',
      env: [{ value: CANARIES.environment }, {}],
    })
  })

  it('what would write a masked field is refused, and nothing is written', async () => {
    const edited = (kind: string, name: string, sed: string) =>
      cluster.kubectl(['-n', NAMESPACE, 'edit', kind, name], { env: { KUBECONFIG: job.path, KUBE_EDITOR: `sed -i ${sed}` } })
    const refused = [
      await edited('secret', 'db', 's/W21hc2tlZF0=/bmV3/'),
      await edited('pod', 'pod', 's/masked/new/'),
      await kubectl('create', 'secret', 'generic', 'mine', '--from-literal=a=b'),
      await kubectl('set', 'env', 'deployment/deployment', 'PASSWORD=new'),
      await kubectl('patch', 'secret', 'db', '-p', '{"stringData":{"password":"new"}}'),
      await kubectl('run', 'mine', '--image=a', '--env=A=b'),
    ]
    for (const { status, stderr } of refused) {
      expect(status).not.toBe(0)
      expect(stderr).toMatch(
        /The mask "values" covers (a field that this request would write or remove|fields of this resource).*\[GS_MASKED_FIELD\]/,
      )
    }
    const file = (await kubectl('get', 'secret', 'db', '-o', 'yaml')).stdout
    for (const words of [
      ['replace', '-f', '-'],
      ['apply', '-f', '-'],
      ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    ]) {
      const { status, stderr } = await cluster.kubectl(['-n', NAMESPACE, ...words], { env: { KUBECONFIG: job.path }, input: file })
      expect(status).not.toBe(0)
      expect(stderr).toContain('GS_MASKED_FIELD')
    }
    const { json } = await cluster.request('GET', `/api/v1/namespaces/${NAMESPACE}/secrets/db`)
    expect(Buffer.from(json.data.password, 'base64').toString()).toBe(CANARIES.secret)
  })

  it('an edit that leaves masked fields alone is done', async () => {
    const { status, stderr } = await cluster.kubectl(['-n', NAMESPACE, 'edit', 'secret', 'db'], {
      env: { KUBECONFIG: job.path, KUBE_EDITOR: "sed -i 's/team: shop/team: store/'" },
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const { json } = await cluster.request('GET', `/api/v1/namespaces/${NAMESPACE}/secrets/db`)
    expect(json.metadata.labels.team).toBe('store')
    expect(Buffer.from(json.data.password, 'base64').toString()).toBe(CANARIES.secret)
  })

  it('detectors look at logs, byte for byte, and at what commands write', async () => {
    cluster.writeLog('pod', ['paid by ada.lovelace@example.com with 4111 1111 1111 1111'], { namespace: NAMESPACE, container: 'main' })
    const direct = await cluster.kubectl(['-n', NAMESPACE, 'logs', 'pod', '-c', 'main'])
    const masked = await kubectl('logs', 'pod', '-c', 'main')
    expect(direct.stdout).toContain('ada.lovelace@example.com')
    expect(masked.stdout).toContain('********************.com with ***************1111')
    expect(masked.bytes).toHaveLength(direct.bytes.length)
    const ran = await kubectl(
      'exec',
      'pod',
      '-c',
      'main',
      '--',
      'sh',
      '-c',
      'echo ada.lovelace@example.com; echo bob.marley@example.com >&2; exit 3',
    )
    expect(ran).toMatchObject({ status: 3, stdout: '********************.com\n' })
    expect(ran.stderr).toContain('******************.com\n')
  })

  it('Helm tells which releases there are, and not what they were given', async () => {
    const folder = join(cluster.folder, 'chart')
    mkdirSync(join(folder, 'templates'), { recursive: true })
    writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.2.3\n')
    const template = 'apiVersion: v1\nkind: Secret\nmetadata: { name: released }\nstringData: { password: {{ .Values.password }} }\n'
    writeFileSync(join(folder, 'templates', 'secret.yaml'), template)
    const at = (KUBECONFIG: string) => ({ env: { KUBECONFIG, HOME: cluster.folder } })
    const helm = (words: readonly string[], kubeconfig = job.path) => cluster.helm([...words, '-n', NAMESPACE], at(kubeconfig))
    const values = ['--set', `password=${CANARIES.helm}`]
    expect((await helm(['install', 'mine', folder, ...values], cluster.adminKubeconfig)).status).toBe(0)
    expect((await helm(['get', 'values', 'mine'], cluster.adminKubeconfig)).stdout).toContain(CANARIES.helm)
    expect((await helm(['list', '--filter', 'mine'])).stdout).toMatch(/^mine\s+hunted\s+1\s.*deployed\s+shop-1\.2\.3/m)
    expect((await helm(['status', 'mine'])).stdout).toContain('STATUS: deployed')
    expect((await helm(['history', 'mine'])).stdout).toMatch(/^1\s.*deployed\s+shop-1\.2\.3.*\[masked\]/m)
    for (const words of [
      ['get', 'values', 'mine'],
      ['get', 'manifest', 'mine'],
      ['get', 'all', 'mine'],
    ]) {
      const { bytes, stderr } = await helm(words)
      expect(canariesIn(Buffer.concat([bytes, Buffer.from(stderr)])), words.join(' ')).toEqual([])
    }
    // It works from what was released before, and would write what was shown of it.
    const upgraded = await helm(['upgrade', 'mine', folder, '--set', 'password=another'])
    expect(upgraded.status).not.toBe(0)
    expect((await cluster.helm(['history', 'mine', '-n', NAMESPACE], at(cluster.adminKubeconfig))).stdout.split('\n')).toHaveLength(3)
  })

  it('who may write what is masked applies as ever, and what is shown is never what is written', async () => {
    const masks = inFront.gateway.config.masks as { name: string }[]
    await inFront.gateway.reconfigure({ masks: masks.map((mask) => (mask.name === 'values' ? { ...mask, unmaskedWrite: true } : mask)) })
    job = await inFront.kubeconfig()
    const stored = async (name: string) => {
      const { json } = await cluster.request('GET', `/api/v1/namespaces/${NAMESPACE}/secrets/${name}`)
      return Buffer.from(json.data.password, 'base64').toString()
    }
    const apply = (name: string, password: string, ...words: string[]) => {
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { password } })
      return cluster.kubectl(['-n', NAMESPACE, 'apply', '-f', '-', ...words], { env: { KUBECONFIG: job.path }, input })
    }
    for (const [name, ...words] of [['applied'], ['applied-by-the-server', '--server-side']] as const) {
      for (const password of ['first-applied', 'second-applied']) {
        expect((await apply(name, password, ...words)).stderr).not.toContain('GS_')
        expect(await stored(name)).toBe(password)
      }
    }
    expect((await kubectl('get', 'secret', 'applied', '-o', 'jsonpath={.data.password}')).stdout).toBe('W21hc2tlZF0=')
    const shown = (await kubectl('get', 'secret', 'applied', '-o', 'yaml')).stdout
    const { stderr } = await cluster.kubectl(['-n', NAMESPACE, 'replace', '-f', '-'], { env: { KUBECONFIG: job.path }, input: shown })
    expect(stderr).toContain('GS_MASKED_FIELD')
    expect(await stored('applied')).toBe('second-applied')
  })

  it('nothing of it is in the trail, in the recording, in the log or anywhere on the disk', { timeout: 120_000 }, async () => {
    const { operator, data } = inFront.gateway
    const entries = await readTrail(operator)
    expect(plainlyIn(Buffer.from(JSON.stringify(entries)))).toEqual([])
    const segments = (await Promise.all(sessionsOf(entries).map((session) => recordingIn(entries, session)))).flat()
    const events = segments.flatMap((segment) => segment.events)
    expect(events.length).toBeGreaterThan(100)
    expect(plainlyIn(Buffer.concat(events.flatMap(textsIn).flatMap((text) => [Buffer.from(text), Buffer.from(text, 'base64')])))).toEqual(
      [],
    )
    expect(plainlyIn(Buffer.from(inFront.gateway.log()))).toEqual([])
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
    expect(files.filter((file) => plainlyIn(readFileSync(join(file.parentPath, file.name))).length > 0).map(({ name }) => name)).toEqual([])
    const masked = entries.flatMap(({ kind, fields }) =>
      kind === 'operation.outcome' ? ((fields.masked as unknown[][] | undefined) ?? []) : [],
    )
    expect(new Set(masked.map(([, mask, what]) => `${mask} ${what}`))).toEqual(
      new Set([...FIELDS.map((field) => `values ${field}`), 'contacts email', 'contacts card']),
    )
  })
})

/** What stands in an event. */
function textsIn(event: unknown): string[] {
  if (typeof event === 'string') return [event]
  return typeof event === 'object' && event !== null ? Object.values(event).flatMap(textsIn) : []
}
