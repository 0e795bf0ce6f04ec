import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { type KubernetesGateway, startKubernetesGateway } from '../parts/kubernetes-gateway.ts'
import type { Way } from './matrix/place.ts'

/** A cluster, and the two ways to it as the same user of it. */
export interface World {
  readonly cluster: RunningCluster
  readonly issuer: TestIssuer
  readonly inFront: KubernetesGateway
  readonly direct: Way
  readonly gateway: Way
  stop(): Promise<void>
}

/** Whom the API server takes both ways for: nobody special, with a role that allows everything. */
const ROBOT = { token: 'robot-0123456789abcdef', user: 'robot', groups: ['robots'] }

/** Old versions of objects are soon forgotten there, so that 410 can be seen. */
export async function startWorld(): Promise<World> {
  const [cluster, issuer] = await Promise.all([startCluster({ tokens: [ROBOT], flags: ['--etcd-compaction-interval=3s'] }), startIssuer()])
  await cluster.kubectl(['create', 'clusterrolebinding', 'robots', '--clusterrole=cluster-admin', '--group=robots'])
  const inFront = await startKubernetesGateway({ issuer, cluster, token: ROBOT.token })
  const { path, server } = await inFront.kubeconfig()
  return {
    cluster,
    issuer,
    inFront,
    direct: { name: 'direct', server: cluster.url, kubeconfig: cluster.kubeconfig({ token: ROBOT.token }) },
    gateway: { name: 'gateway', server, kubeconfig: path },
    async stop() {
      await inFront.gateway.remove()
      await Promise.all([cluster.stop(), issuer.close()])
    },
  }
}
