import { gzipSync } from 'node:zlib'
import type { RunningCluster } from '../../parts/kubernetes-cluster.ts'
import { CANARIES } from './canary.ts'

export const NAMESPACE = 'hunted'
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64')

const env = [
  { name: 'PASSWORD', value: CANARIES.environment },
  { name: 'FROM_SECRET', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
]
const podSpec = {
  containers: [{ name: 'main', image: 'registry.example/app:1', env }],
  initContainers: [{ name: 'first', image: 'registry.example/app:1', env }],
}
const template = { metadata: { labels: { app: 'a' } }, spec: podSpec }
const onFailure = { ...template, spec: { ...podSpec, restartPolicy: 'Never' } }
const selector = { matchLabels: { app: 'a' } }

const RELEASE = {
  name: 'shop',
  version: 1,
  info: { status: 'deployed', notes: `The password is ${CANARIES.helm}.` },
  chart: { metadata: { name: 'shop', version: '1.0.0' }, values: { password: CANARIES.helm } },
  config: { database: { password: CANARIES.helm } },
  manifest: `kind: Secret\nstringData:\n  password: ${CANARIES.helm}\n`,
}
/** As Helm 3 keeps it: base64 in the base64 of Secrets. */
export const HELM_SECRET = {
  ...{
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sh.helm.release.v1.shop.v1', labels: { owner: 'helm', name: 'shop', status: 'deployed', version: '1' } },
  },
  type: 'helm.sh/release.v1',
  data: { release: base64(base64(gzipSync(JSON.stringify(RELEASE)))) },
}

/** More than a double holds. */
export const BIG = 9007199254740993n

/** Objects that hold canaries, each by the path of its kind. */
const OBJECTS: readonly (readonly [path: string, object: object])[] = [
  [
    'api/v1',
    { kind: 'Secret', metadata: { name: 'db' }, data: { password: base64(CANARIES.secret) }, stringData: { user: CANARIES.secret } },
  ],
  ['api/v1', HELM_SECRET],
  [
    'api/v1',
    {
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { 'app.ini': `a=${CANARIES.configmap}` },
      binaryData: { blob: base64(CANARIES.binary) },
    },
  ],
  ['api/v1', { kind: 'Pod', metadata: { name: 'pod' }, spec: podSpec }],
  ['api/v1', { kind: 'PodTemplate', metadata: { name: 'template' }, template }],
  ['api/v1', { kind: 'ReplicationController', metadata: { name: 'rc' }, spec: { replicas: 0, selector: { app: 'a' }, template } }],
  ['apis/apps/v1', { kind: 'Deployment', metadata: { name: 'deployment' }, spec: { replicas: 0, selector, template } }],
  ['apis/apps/v1', { kind: 'ReplicaSet', metadata: { name: 'rs' }, spec: { replicas: 0, selector, template } }],
  ['apis/apps/v1', { kind: 'StatefulSet', metadata: { name: 'sts' }, spec: { replicas: 0, serviceName: 's', selector, template } }],
  ['apis/apps/v1', { kind: 'DaemonSet', metadata: { name: 'ds' }, spec: { selector, template } }],
  ['apis/apps/v1', { kind: 'ControllerRevision', metadata: { name: 'revision' }, revision: 1, data: { spec: { template } } }],
  ['apis/batch/v1', { kind: 'Job', metadata: { name: 'job' }, spec: { suspend: true, template: onFailure } }],
  [
    'apis/batch/v1',
    {
      kind: 'CronJob',
      metadata: { name: 'cron' },
      spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: { template: onFailure } } },
    },
  ],
  ['apis/example.com/v1', { kind: 'Widget', metadata: { name: 'widget' }, spec: { token: CANARIES.token, size: BIG, env } }],
]

const WIDGETS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        selectableFields: [{ jsonPath: '.spec.token' }],
        additionalPrinterColumns: [
          { name: 'Token', type: 'string', jsonPath: '.spec.token' },
          { name: 'Env', type: 'string', jsonPath: '.spec.env[0].value' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { token: { type: 'string', maxLength: 100 }, size: { type: 'integer', format: 'int64' } },
                'x-kubernetes-preserve-unknown-fields': true,
              },
            },
          },
        },
      },
    ],
  },
}

/** The kinds that hold canaries, by the path of their lists, and the name of one of each. */
export const PLACES: readonly (readonly [list: string, name: string])[] = [
  ['api/v1/namespaces/hunted/secrets', 'db'],
  ['api/v1/namespaces/hunted/secrets', 'sh.helm.release.v1.shop.v1'],
  ['api/v1/namespaces/hunted/configmaps', 'settings'],
  ['api/v1/namespaces/hunted/pods', 'pod'],
  ['api/v1/namespaces/hunted/podtemplates', 'template'],
  ['api/v1/namespaces/hunted/replicationcontrollers', 'rc'],
  ['apis/apps/v1/namespaces/hunted/deployments', 'deployment'],
  ['apis/apps/v1/namespaces/hunted/replicasets', 'rs'],
  ['apis/apps/v1/namespaces/hunted/statefulsets', 'sts'],
  ['apis/apps/v1/namespaces/hunted/daemonsets', 'ds'],
  ['apis/apps/v1/namespaces/hunted/controllerrevisions', 'revision'],
  ['apis/batch/v1/namespaces/hunted/jobs', 'job'],
  ['apis/batch/v1/namespaces/hunted/cronjobs', 'cron'],
  ['apis/example.com/v1/namespaces/hunted/widgets', 'widget'],
]

/** Applies everything as kubectl does, so that what was applied is in annotations and managed fields. */
export async function fill(cluster: RunningCluster): Promise<void> {
  await cluster.namespace(NAMESPACE)
  await serveWidgets(cluster)
  const objects = OBJECTS.map(([path, object]) => ({ apiVersion: path.replace(/^apis?\//, ''), ...object }))
  await applied(cluster, objects, ['-n', NAMESPACE])
}

/** Defines a custom resource whose printer shows its token. */
export async function serveWidgets(cluster: RunningCluster): Promise<void> {
  await applied(cluster, [WIDGETS])
  for (let tries = 0; ; tries += 1) {
    const { status } = await cluster.request('GET', '/apis/example.com/v1/widgets')
    if (status === 200) break
    if (tries > 100) throw new Error('the widgets are not served')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function applied(cluster: RunningCluster, objects: readonly object[], more: readonly string[] = []): Promise<void> {
  const items = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, (_, value) =>
    typeof value === 'bigint' ? `@${value}@` : value,
  )
  const { status, stderr } = await cluster.kubectl(['apply', '-f', '-', ...more], { input: items.replace(/"@(\d+)@"/g, '$1') })
  if (status !== 0) throw new Error(stderr)
}
