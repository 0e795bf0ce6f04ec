import { JOB_GROUP, type WrittenRule } from '../../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { type AuditEvent, type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { type KubernetesGateway, type KubernetesGatewayOptions, startKubernetesGateway } from '../../parts/kubernetes-gateway.ts'
import type { RawDoor } from './raw-request.ts'

export interface RuledCluster {
  readonly cluster: RunningCluster
  readonly issuer: TestIssuer
  readonly inFront: KubernetesGateway
  /** What the API server saw of the gateway's own user, since the cluster was started. */
  seen(): readonly AuditEvent[]
  /** A run of its own, for kubectl and for whoever writes requests by hand. */
  run(): Promise<{ readonly run: string; readonly env: { readonly KUBECONFIG: string }; readonly door: RawDoor }>
  stop(): Promise<void>
}

const ROBOT = { token: 'robot-0123456789abcdef', user: 'robot', groups: ['robots'] }

export const who = { groups: [JOB_GROUP] }

/** A cluster behind rules. The gateway's user there may do everything. */
export async function startRuledCluster(
  rules: readonly WrittenRule[],
  more: Partial<Pick<KubernetesGatewayOptions, 'resource' | 'adjust' | 'environment'>> = {},
): Promise<RuledCluster> {
  const [cluster, issuer] = await Promise.all([startCluster({ tokens: [ROBOT], audit: 'Metadata' }), startIssuer()])
  await cluster.kubectl(['create', 'clusterrolebinding', 'robots', '--clusterrole=cluster-admin', '--group=robots'])
  const inFront = await startKubernetesGateway({ issuer, cluster, token: ROBOT.token, rules, ...more })
  return {
    cluster,
    issuer,
    inFront,
    seen: () => cluster.audit().filter(({ user }) => user.username === ROBOT.user),
    async run() {
      const { path, server, token, run } = await inFront.kubeconfig()
      return { run, env: { KUBECONFIG: path }, door: { server, token, ca: inFront.gateway.ca } }
    },
    async stop() {
      await inFront.gateway.remove()
      await Promise.all([cluster.stop(), issuer.close()])
    },
  }
}
