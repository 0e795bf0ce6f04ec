import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { ALLOW_KUBERNETES, type KubernetesGateway, startKubernetesGateway } from '../parts/kubernetes-gateway.ts'
import { needs } from '../parts/require.ts'

let issuer: TestIssuer
let cluster: RunningCluster
let started: KubernetesGateway
const binaries = kubernetesBinaries()

beforeAll(async () => {
  if (!binaries) return
  issuer = await startIssuer()
  cluster = await startCluster()
  started = await startKubernetesGateway({ issuer, cluster, token: cluster.adminToken })
})
afterAll(async () => {
  await started?.gateway.remove()
  await cluster?.stop()
  await issuer?.close()
})
beforeEach((test) => needs(test, binaries, 'an API server (test/kubernetes/parts/build.sh)'))

/** kubectl that watches namespaces, once it has been shown the first. */
async function watching(path: string) {
  const child = spawn(cluster.binaries.kubectl, ['get', 'namespaces', '--watch', '-o', 'name'], {
    env: { PATH: process.env.PATH, HOME: cluster.folder, KUBECONFIG: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (piece) => {
    said.out += piece
  })
  child.stderr.on('data', (piece) => {
    said.err += piece
  })
  const ended = once(child, 'exit').then(() => performance.now())
  await expect.poll(() => said.out, { timeout: 10_000 }).toContain('namespace/default')
  return { said, ended, end: () => child.kill('SIGKILL') }
}

const sessionsOf = async (run: string) => (await started.gateway.operator.sessions()).filter((session) => session.run === run)

describe('a watch that goes on', () => {
  it('shows what happens meanwhile, and is cut at once where its run is revoked', async () => {
    const { path, run } = await started.kubeconfig()
    const watch = await watching(path)
    await cluster.namespace('seen')
    await expect.poll(() => watch.said.out, { timeout: 5_000 }).toContain('namespace/seen')
    const at = performance.now()
    await started.gateway.operator.revokeRun(run)
    expect((await watch.ended) - at).toBeLessThan(2_000)
    expect(await sessionsOf(run)).toEqual([])
    const again = await cluster.kubectl(['get', 'namespaces'], { env: { KUBECONFIG: path } })
    expect(again.status).not.toBe(0)
    expect(again.stderr).toMatch(/Unauthorized|provide credentials|logged in/i)
  })

  it('is cut where its session is killed, and the run goes on', async () => {
    const { path, run } = await started.kubeconfig()
    const watch = await watching(path)
    for (const { id } of await sessionsOf(run)) await started.gateway.operator.killSession(id)
    await watch.ended
    expect((await cluster.kubectl(['get', 'namespaces'], { env: { KUBECONFIG: path } })).status).toBe(0)
  })

  it('leaves a whole session behind in the trail when its client goes away', async () => {
    const { path, run } = await started.kubeconfig()
    const watch = await watching(path)
    const [session] = await sessionsOf(run)
    watch.end()
    await expect.poll(() => sessionsOf(run), { timeout: 5_000 }).toEqual([])
    const entries = []
    const reading = { from: 0, follow: false, opened: false, filter: { session: session!.id } }
    for await (const entry of started.gateway.operator.trail(reading, AbortSignal.timeout(20_000))) entries.push(entry)
    expect(entries.at(-1)).toMatchObject({ kind: 'session.close' })
    const intents = entries.filter(({ kind }) => kind === 'operation.intent').flatMap(({ fields }) => fields.ops as unknown[])
    const outcomes = entries.filter(({ kind }) => kind === 'operation.outcome').flatMap(({ fields }) => fields.outcomes as unknown[])
    expect(outcomes.length).toBe(intents.length)
  })
})

describe('another configuration', () => {
  it('holds for the next request, and ends what is open at a cluster that is another one now', async () => {
    const { path, run } = await started.kubeconfig()
    const watch = await watching(path)
    const { gateway } = started
    const resources = gateway.config.resources.map((resource) => ({ ...resource }))
    await gateway.reconfigure({ rules: [{ ...ALLOW_KUBERNETES, do: ['kubernetes.get', 'kubernetes.list', 'kubernetes.watch'] }] })
    const refused = await cluster.kubectl(['delete', 'namespace', 'seen'], { env: { KUBECONFIG: path } })
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('Forbidden') })
    expect((await cluster.kubectl(['get', 'namespaces'], { env: { KUBECONFIG: path } })).status).toBe(0)
    expect(await sessionsOf(run)).not.toEqual([])
    await gateway.reconfigure({ resources: resources.map((resource) => ({ ...resource, tags: ['prod'] })) })
    await watch.ended
    await gateway.reconfigure({ rules: [ALLOW_KUBERNETES], resources })
  })

  it('is refused where it moves the door', async () => {
    const { gateway } = started
    const before = structuredClone(gateway.config.gateway)
    const listen = { ...(before.listen as object), https: '127.0.0.1:1' }
    await expect(gateway.reconfigure({ gateway: { ...before, listen } })).rejects.toMatchObject({
      code: expect.stringContaining('GS_CONFIG'),
    })
    await gateway.reconfigure({ gateway: before })
  })
})

describe('a gateway that stops', () => {
  it('lets a request that is under way come to its end, and takes no other', async () => {
    const { path } = await started.kubeconfig()
    const watch = await watching(path)
    const slow = cluster.kubectl(['wait', '--for=delete', 'namespace/seen', '--timeout=3s'], { env: { KUBECONFIG: path } })
    await sleep(700)
    const stopped = started.gateway.stop()
    const late = await cluster.kubectl(['get', 'namespaces'], { env: { KUBECONFIG: path }, patience: 4_000 })
    expect(late.status).not.toBe(0)
    await slow
    // The drain of 5 s is over: what is left is cut.
    await watch.ended
    expect(await stopped).toBe(0)
    expect(started.gateway.log()).not.toContain('"level":"error"')
  })
})
