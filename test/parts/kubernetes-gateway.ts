import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningGateway, startGateway } from './gateway.ts'
import { JOB_GROUP, type WrittenConfig, type WrittenRule } from './gateway-config.ts'
import type { TestIssuer } from './issuer.ts'
import { writtenKubeconfig } from './kubeconfig.ts'
import type { RunningCluster } from './kubernetes-cluster.ts'

export interface KubernetesGatewayOptions {
  readonly issuer: TestIssuer
  readonly cluster: RunningCluster
  /** The bearer token that the gateway opens the cluster with. */
  readonly token: string
  /** Default: everything that there is may be done. */
  readonly rules?: readonly WrittenRule[]
  /** Added to the resource, such as `impersonate`. */
  readonly resource?: Readonly<Record<string, unknown>>
  /** Last word on what is written to the configuration. */
  readonly adjust?: (config: WrittenConfig) => void
  /** Added to the gateway's environment. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface KubernetesGateway {
  readonly gateway: RunningGateway
  /** A run of its own, and a kubeconfig for it. */
  kubeconfig(
    claims?: Record<string, unknown>,
  ): Promise<{ readonly path: string; readonly server: string; readonly token: string; readonly run: string }>
}

/** Everything on a cluster, what has to be named as well. */
export const ALLOW_KUBERNETES: WrittenRule = {
  name: 'everything-on-clusters',
  effect: 'allow',
  who: { groups: [JOB_GROUP] },
  do: ['kubernetes.*', 'kubernetes.credential', 'kubernetes.impersonate'],
}

/** A whole gateway in front of a cluster, which it calls `cluster`. */
export async function startKubernetesGateway(options: KubernetesGatewayOptions): Promise<KubernetesGateway> {
  const { issuer, cluster, token, rules = [ALLOW_KUBERNETES], resource, adjust, environment } = options
  const file = (name: string, content: string): string => {
    const path = join(cluster.folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return `file:${path}`
  }
  const gateway = await startGateway({
    issuer,
    targets: [],
    ...(environment && { environment }),
    adjust(config) {
      config.gateway.listen = { ...(config.gateway.listen as object), https: '127.0.0.1:0' }
      config.resources.push({
        name: 'cluster',
        kind: 'kubernetes',
        address: cluster.url,
        tls: { ca: file('gateway-ca.pem', cluster.ca) },
        credentials: [{ as: 'robot', token: file('gateway-token', token) }],
        ...resource,
      })
      config.rules = [...rules]
      adjust?.(config)
    },
  })
  let made = 0
  return {
    gateway,
    async kubeconfig(claims) {
      const { run, planes } = await gateway.credential(claims)
      const at = planes.kubernetes?.resources.find(({ name }) => name === 'cluster')
      if (!planes.kubernetes || !at) throw new Error('the run may not open the cluster')
      made += 1
      const path = join(gateway.folder, `${made}.kubeconfig`)
      const { credential } = planes.kubernetes
      writeFileSync(path, writtenKubeconfig({ server: at.url, ca: gateway.ca, user: { token: credential } }), { mode: 0o600 })
      return { path, server: at.url, token: credential, run }
    },
  }
}
