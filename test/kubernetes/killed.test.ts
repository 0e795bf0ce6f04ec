import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { needs } from '../parts/require.ts'
import { watch } from './watching.ts'
import { startWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startWorld()
  await world.cluster.pod('web')
})
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))
afterAll(() => world?.stop())

/** A kubectl that goes on by itself. @returns once it has printed what it is to print first */
async function going(kubeconfig: string, words: readonly string[], first: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(world.cluster.binaries.kubectl, words, {
    env: { PATH: process.env.PATH, HOME: world.cluster.folder, KUBECONFIG: kubeconfig, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined)
  let said = ''
  child.stderr.on('data', (piece) => {
    said += piece
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, moment: performance.now(), said }))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (piece) => {
      said += piece
      if (said.includes(first)) resolve()
    })
    child.once('close', () => reject(new Error(`kubectl ended: ${said}`)))
  })
  return { ended, stop: () => child.kill('SIGKILL') }
}

// K8-15
describe('a run that is revoked, or a session that is killed', () => {
  it.each([
    ['exec over WebSockets', ['exec', '-i', 'web', '--', 'sh', '-c', 'echo begun; sleep 600'], {}],
    ['exec over SPDY', ['exec', '-i', 'web', '--', 'sh', '-c', 'echo begun; sleep 600'], { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
    ['exec that says much', ['exec', 'web', '--', 'sh', '-c', 'echo begun; yes'], {}],
    ['logs -f', ['logs', '-f', 'web'], {}],
  ] as const)('ends %s within a second', async (_, words, env) => {
    const { path, run } = await world.inFront.kubeconfig()
    const one = await going(path, words, words[0] === 'logs' ? 'ready' : 'begun', env)
    try {
      const began = performance.now()
      await world.inFront.gateway.operator.revokeRun(run)
      const { code, moment, said } = await one.ended
      expect(moment - began).toBeLessThan(1_000)
      expect(code, said).not.toBe(0)
    } finally {
      one.stop()
    }
  })

  it('ends a watch within a second, by its session alone', async () => {
    const { inFront } = world
    const { server, token, run } = await inFront.kubeconfig()
    const at = { server, token, ca: inFront.gateway.ca }
    const [one, other] = [await watch(at), await watch(at)]
    try {
      const sessions = (await inFront.gateway.operator.sessions()).filter((session) => session.run === run)
      expect(sessions).toHaveLength(2)
      const began = performance.now()
      await inFront.gateway.operator.killSession(sessions[0]!.id)
      const first = await Promise.race([
        one.ended.then((moment) => ({ moment, left: other })),
        other.ended.then((moment) => ({ moment, left: one })),
      ])
      expect(first.moment - began).toBeLessThan(1_000)
      // The other one still hears.
      const heard = first.left.event('after')
      await world.cluster.request('POST', '/api/v1/namespaces/default/configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'after' },
      })
      expect(await heard).toBeGreaterThan(began)
    } finally {
      one.stop()
      other.stop()
    }
  })
})
