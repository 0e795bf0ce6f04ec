import type { Place } from './place.ts'

/* Objects that cases begin with. */

export const pod = (name: string, more: object = {}, containers: readonly object[] = [{ name: 'main', image: 'local' }]): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { nodeName: 'node-1', containers, ...more },
})

export const configMap = (name: string, data: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
})

export const secret = (name: string, data: Readonly<Record<string, string>>): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: data,
})

export const deployment = (name: string, replicas = 2): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'local:1' }] } },
  },
})

/** Nobody runs deployments here: says of one what a controller would, once all of it is there. */
export async function rolledOut(at: Place, name: string, replicas = 2): Promise<void> {
  const { json } = await at.cluster.request('GET', `/apis/apps/v1/namespaces/${at.namespace}/deployments/${name}`)
  const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas }
  const status = { observedGeneration: json.metadata.generation, ...counts }
  await at.prepare(['patch', 'deployment', name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })])
}

/** Makes a pod, and waits until it runs. */
export const runningPod =
  (name: string, containers?: readonly string[]) =>
  (at: Place): Promise<void> =>
    at.cluster.pod(name, { namespace: at.namespace, ...(containers ? { containers } : {}) })

export const given =
  (...objects: readonly object[]) =>
  async (at: Place): Promise<void> => {
    for (const object of objects) await at.given(object)
  }
