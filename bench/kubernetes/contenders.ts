import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WrittenRule } from '../../test/parts/gateway-config.ts'
import type { TestIssuer } from '../../test/parts/issuer.ts'
import { writtenKubeconfig } from '../../test/parts/kubeconfig.ts'
import type { RunningCluster } from '../../test/parts/kubernetes-cluster.ts'
import { ALLOW_KUBERNETES, startKubernetesGateway } from '../../test/parts/kubernetes-gateway.ts'
import type { HttpContender } from '../parts/http-contender.ts'
import { startNginx } from '../parts/nginx.ts'

/** One way to the same API server. */
export interface Contender extends HttpContender {
  readonly kubeconfig: string
}

/** Forty-nine of which none is about what is measured, with a condition each, and the one that allows it. */
const FIFTY_RULES: readonly WrittenRule[] = [
  ...Array.from(
    { length: 49 },
    (_, index): WrittenRule => ({
      name: `of-team-${index}`,
      effect: 'deny',
      do: ['kubernetes.delete', 'kubernetes.get', 'kubernetes.list'],
      when: `k8s.namespace == "team-${index}" && k8s.name.startsWith("prod-")`,
    }),
  ),
  ALLOW_KUBERNETES,
]

export function direct(cluster: RunningCluster, token: string): Contender {
  const { url: server, ca } = cluster
  return { name: 'direct', server, ca, token, kubeconfig: cluster.kubeconfig({ token }), pids: [], stop: async () => undefined }
}

export async function gatescribe(cluster: RunningCluster, issuer: TestIssuer, token: string, ruled: boolean): Promise<Contender> {
  const { gateway, kubeconfig } = await startKubernetesGateway({ issuer, cluster, token, ...(ruled && { rules: FIFTY_RULES }) })
  const of = await kubeconfig()
  return {
    name: ruled ? 'Gatescribe, 50 rules' : 'Gatescribe',
    server: of.server,
    ca: gateway.ca,
    token: of.token,
    kubeconfig: of.path,
    pids: [gateway.pid],
    stop: () => gateway.remove(),
  }
}

/** @returns undefined where it is not installed */
export async function nginx(cluster: RunningCluster, token: string): Promise<Contender | undefined> {
  const { port, ca, caFile, certificates } = cluster
  const started = await startNginx({ port, caFile, certificate: certificates.server, token, ca })
  if (!started) return undefined
  const kubeconfig = join(cluster.folder, 'nginx.kubeconfig')
  writeFileSync(kubeconfig, writtenKubeconfig({ server: started.server, ca, user: { token: started.token } }))
  return { ...started, kubeconfig }
}
