import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { JOB_GROUP, type WrittenRule } from '../parts/gateway-config.ts'
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
  /** As it is written in the configuration. */
  readonly resource: Readonly<Record<string, unknown>>
  /** The folder of its kubectl. */
  readonly programs: string
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
      resource: {
        name: CLUSTER,
        kind: 'kubernetes',
        address: running.url,
        tls: { ca: file('demo-ca.pem', running.ca) },
        credentials: [{ as: 'gatescribe', token: file('demo-token', token) }],
      },
      programs: dirname(kubectl),
    }
  } catch (error) {
    await running.stop()
    throw error
  }
}
