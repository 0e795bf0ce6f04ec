import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { startKubernetesGateway } from '../../parts/kubernetes-gateway.ts'
import { readTrail } from '../../parts/recorded.ts'
import { eventsOf, recordingIn, sessionsOf } from '../../parts/recordings.ts'
import { needs } from '../../parts/require.ts'

/** A segment is of so much at most, ms: what is older was recorded. */
const SEGMENT_MS = 1_000

let cluster: RunningCluster
let issuer: TestIssuer
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  ;[cluster, issuer] = await Promise.all([startCluster(), startIssuer()])
  await cluster.pod('web')
})
afterAll(() => Promise.all([cluster?.stop(), issuer?.close()]))
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

it.each([
  ['WebSocket', 'but for the last segment', {}, false],
  ['SPDY', 'strictly all of it', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }, true],
] as const)('a gateway that is killed has recorded what kubectl had shown over %s, %s', async (_, __, env, strict) => {
  const { gateway, kubeconfig } = await startKubernetesGateway({
    ...{ issuer, cluster, token: cluster.adminToken },
    adjust: (config) => Object.assign(config, { recording: { strict } }),
  })
  let again = gateway
  try {
    const { path } = await kubeconfig()
    const command = 'n=0; while sleep 0.01; do echo "mark-$n"; n=$((n+1)); done'
    const kubectl = spawn(cluster.binaries.kubectl, ['exec', 'web', '--', 'sh', '-c', command], {
      env: { ...env, HOME: gateway.folder, KUBECONFIG: path, PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const seen: { readonly upTo: number; readonly at: number }[] = []
    let text = ''
    kubectl.stdout.on('data', (piece) => {
      text += piece
      seen.push({ upTo: text.lastIndexOf('\n'), at: performance.now() })
    })
    const ended = new Promise((resolve) => kubectl.once('close', resolve))
    await expect.poll(() => text.split('\n').length, { timeout: 20_000 }).toBeGreaterThan(100)
    await sleep(500)
    const killedAt = performance.now()
    await gateway.kill9()
    await ended
    again = await gateway.again()
    const trail = await readTrail(again.operator)
    let recorded = ''
    for (const session of sessionsOf(trail)) {
      for (const [, code, content] of eventsOf(await recordingIn(trail, session)) as unknown as [number, string, string][])
        if (code === 'stdout') recorded += content
    }
    const owed = seen.findLast(({ at }) => strict || at < killedAt - SEGMENT_MS)
    expect(owed?.upTo).toBeGreaterThan(0)
    expect(recorded.slice(0, owed?.upTo)).toBe(text.slice(0, owed?.upTo))
  } finally {
    await again.remove()
  }
})
