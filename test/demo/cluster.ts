import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ran, runCommand } from '../parts/command.ts'
import type { RunningGateway } from '../parts/gateway.ts'
import { JOB_GROUP, type WrittenConfig, type WrittenRule } from '../parts/gateway-config.ts'
import { writtenKubeconfig } from '../parts/kubeconfig.ts'
import { kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'

const CLUSTER = 'cluster'
/** The pod that the job is about. */
export const POD = 'web'

const LOOK: WrittenRule = {
  name: 'pods-may-be-looked-at',
  effect: 'allow',
  who: { groups: [JOB_GROUP] },
  do: ['kubernetes.get', 'kubernetes.list', 'kubernetes.watch'],
  when: 'k8s.resource == "pods"',
}
export const NO_SHELLS: WrittenRule = {
  name: 'no-shells',
  effect: 'deny',
  do: ['kubernetes.exec'],
  say: 'Read the logs instead.',
}
export const ASKED_TO_DELETE: WrittenRule = {
  name: 'deleting-pods-needs-a-person',
  effect: 'ask',
  do: ['kubernetes.delete'],
  when: 'k8s.resource == "pods"',
  approvers: { groups: ['okta/on-call'] },
}
export const CLUSTER_RULES: readonly WrittenRule[] = [LOOK, NO_SHELLS, ASKED_TO_DELETE]

/** A real cluster with a pod in it, and what the gateway needs for it. */
export interface DemoCluster {
  readonly running: RunningCluster
  /** Of the account that only the gateway has. */
  readonly token: string
  /** Puts it into the configuration, before the gateway starts. */
  configure(config: WrittenConfig): void
  /** A run of its own, and kubectl as that run uses it: with the kubeconfig that it was given. */
  job(
    gateway: RunningGateway,
  ): Promise<{ readonly run: string; readonly credential: string; kubectl(...words: readonly string[]): Promise<Ran> }>
}

/** @returns undefined where no API server was built here */
export async function startDemoCluster(): Promise<DemoCluster | undefined> {
  const kubectl = kubernetesBinaries()?.kubectl
  if (kubectl === undefined) return undefined
  const running = await startCluster()
  try {
    const token = await running.serviceAccount('gatescribe', [
      { verbs: ['get', 'list', 'watch', 'delete'], resources: ['pods'] },
      { verbs: ['create', 'get'], resources: ['pods/exec'] },
    ])
    await running.pod(POD)
    const file = (name: string, content: string): string => {
      const path = join(running.folder, name)
      writeFileSync(path, content, { mode: 0o600 })
      return `file:${path}`
    }
    return {
      running,
      token,
      configure(config) {
        config.gateway.listen = { ...(config.gateway.listen as object), https: '127.0.0.1:0' }
        config.resources.push({
          name: CLUSTER,
          kind: 'kubernetes',
          address: running.url,
          tls: { ca: file('demo-ca.pem', running.ca) },
          credentials: [{ as: 'gatescribe', token: file('demo-token', token) }],
        })
      },
      async job(gateway) {
        const { run, planes } = await gateway.credential({ run_id: 'the run with kubectl' })
        const at = planes.kubernetes?.resources.find(({ name }) => name === CLUSTER)
        if (!planes.kubernetes || !at) throw new Error('the run may not open the cluster')
        const { credential } = planes.kubernetes
        const path = join(gateway.folder, 'kubeconfig')
        writeFileSync(path, writtenKubeconfig({ server: at.url, ca: gateway.ca, user: { token: credential } }), { mode: 0o600 })
        const env = { KUBECONFIG: path, HOME: gateway.folder }
        return { run, credential, kubectl: (...words) => runCommand(kubectl, words, { env }) }
      },
    }
  } catch (error) {
    await running.stop()
    throw error
  }
}
