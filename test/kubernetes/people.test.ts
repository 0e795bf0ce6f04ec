import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { run as gatescribe } from '../../src/cli/main.ts'
import { readSessions } from '../../src/cli/session-file.ts'
import { builtCommand } from '../parts/built.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { type KubernetesGateway, startKubernetesGateway } from '../parts/kubernetes-gateway.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { needs } from '../parts/require.ts'
import { testSurroundings } from '../parts/surroundings.ts'

let jobs: TestIssuer
let people: TestPeopleIssuer
let cluster: RunningCluster
let started: KubernetesGateway
let url: string
let folder: string
const binaries = kubernetesBinaries()

beforeAll(async () => {
  if (!binaries) return
  const port = await freePort()
  url = `http://localhost:${port}`
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-people-'))
  jobs = await startIssuer()
  people = await startPeopleIssuer({
    redirectUri: `${url}/signin/callback`,
    accounts: { ada: { groups: ['dev'] }, grace: { groups: ['sre'] } },
    pollEvery: 1,
  })
  cluster = await startCluster()
  started = await startKubernetesGateway({
    issuer: jobs,
    cluster,
    token: cluster.adminToken,
    resource: { impersonate: false },
    environment: { OKTA_SECRET: people.client.secret },
    adjust(config) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      const { id: clientId } = people.client
      config.issuers.push({
        ...{ name: 'okta', issuer: people.url, insecureLoopback: true },
        people: { clientId, clientSecret: 'env:OKTA_SECRET', groups: '{groups}' },
      })
      Object.assign(config, { roles: { admin: { groups: ['okta/sre'] }, approver: { groups: ['okta/sre'] } } })
      config.rules = [
        {
          name: 'people-look',
          effect: 'allow',
          who: { groups: ['okta/dev', 'okta/sre'] },
          do: ['kubernetes.get', 'kubernetes.list', 'kubernetes.create'],
        },
        {
          name: 'deleting-needs-sre',
          effect: 'ask',
          who: { groups: ['okta/dev'] },
          do: ['kubernetes.delete'],
          approvers: { groups: ['okta/sre'] },
        },
      ]
    },
  })
})
afterAll(async () => {
  await started?.gateway.remove()
  await cluster?.stop()
  await people?.close()
  await jobs?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})
beforeEach((test) => needs(test, binaries, 'an API server (test/kubernetes/parts/build.sh)'))

const home = (account: string) => ({ XDG_CONFIG_HOME: join(folder, account) })
const at = (account: string) => testSurroundings({ folder, env: home(account) })

async function by(account: string, ...words: string[]) {
  if (Object.keys(readSessions(at(account))).length === 0) await login(account)
  const around = at(account)
  return { code: await gatescribe(words, around), ...around.printed }
}

async function login(account: string): Promise<void> {
  const around = at(account)
  const signingIn = gatescribe(['login', '--gateway', url], around)
  await expect.poll(() => around.printed.out, { timeout: 10_000 }).toContain('Code')
  await people.confirm(/Open +(\S+)/.exec(around.printed.out)![1]!, /Code +(\S+)/.exec(around.printed.out)![1]!, account)
  await signingIn
}

const kept = () => readdirSync(join(folder, 'ada', 'gatescribe')).filter((name) => name.startsWith('kubeconfig-'))

it('starts kubectl in a run of the person, with a kubeconfig that goes with it', async () => {
  await by('ada', 'whoami')
  const script = `"${cluster.binaries.kubectl}" get namespaces -o name && stat -c %a "$KUBECONFIG"`
  const ran = spawnSync(process.execPath, [await builtCommand(), 'connect', 'cluster', '--', 'sh', '-c', script], {
    env: { PATH: process.env.PATH, HOME: folder, ...home('ada') },
    encoding: 'utf8',
  })
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('namespace/default') })
  expect(ran.stdout).toMatch(/\n600\n$/)
  expect(kept()).toEqual([])
})

it('points a shell at the cluster, and prints the path and not the credential', async () => {
  const { code, out } = await by('ada', 'connect', 'cluster')
  expect(code).toBe(0)
  const path = /export KUBECONFIG='(.+)'/.exec(out)![1]!
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(out).not.toContain('gs_k8s_')
  expect(readFileSync(path, 'utf8')).toContain('gs_k8s_')
})

it('holds a delete of a person until another one says yes, and then it happens', async () => {
  const { out } = await by('ada', 'connect', 'cluster', '--json')
  const { environment } = JSON.parse(out) as { readonly environment: { readonly KUBECONFIG: string } }
  expect((await cluster.kubectl(['create', 'namespace', 'doomed'], { env: environment })).status).toBe(0)
  const held = spawn(cluster.binaries.kubectl, ['delete', 'namespace', 'doomed', '--wait=false'], {
    env: { PATH: process.env.PATH, HOME: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [held.stdout, held.stderr])
    stream.on('data', (piece) => {
      said += piece
    })
  const exited = once(held, 'exit')
  await by('grace', 'whoami')
  let id = ''
  await expect
    .poll(
      async () => {
        id = /apr_\w+/.exec((await by('grace', 'approvals', 'ls')).out)?.[0] ?? ''
        return id
      },
      { timeout: 10_000 },
    )
    .not.toBe('')
  const card = await by('grace', 'approvals', 'show', id)
  expect(card.out).toContain('doomed')
  expect((await cluster.request('GET', '/api/v1/namespaces/doomed')).status).toBe(200)
  expect((await by('grace', 'approvals', 'approve', id)).code).toBe(0)
  expect((await exited)[0]).toBe(0)
  expect(said).toContain('deleted')
})
