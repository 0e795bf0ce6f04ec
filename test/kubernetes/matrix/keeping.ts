import type { Case } from './case.ts'
import { configMap, deployment, given, pod, runningPod } from './things.ts'

const widgets = (group: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { size: { type: 'integer' } }, required: ['size'] },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
})

const robots = (user: string, verbs: string[]) => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reader' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  },
]

/** What whoever keeps a cluster does: nodes, rights, quotas, kinds. */
export const KEEPING: readonly Case[] = [
  {
    name: 'cordon and uncordon',
    async run(at) {
      const node = at.named('n')
      await at.prepare(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } }) })
      const cordoned = await at.kubectl(['cordon', node])
      const uncordoned = await at.kubectl(['uncordon', node])
      await at.prepare(['delete', 'node', node])
      return [cordoned, uncordoned]
    },
    shows: 'uncordoned',
  },
  {
    name: 'taint',
    async run(at) {
      const node = at.named('n')
      await at.prepare(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } }) })
      const tainted = await at.kubectl(['taint', 'node', node, 'for=us:NoSchedule'])
      const shown = await at.kubectl(['get', 'node', node, '-o', 'jsonpath={.spec.taints}'])
      await at.prepare(['delete', 'node', node])
      return [tainted, shown]
    },
    shows: 'NoSchedule',
  },
  {
    name: 'drain (evictions)',
    async run(at) {
      const node = at.named('n')
      await at.prepare(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } }) })
      await at.given({ ...pod('guest', { nodeName: node }) })
      const drained = await at.kubectl(['drain', node, '--force', '--timeout=20s'])
      await at.prepare(['delete', 'node', node])
      return drained
    },
    shows: 'drained',
  },
  {
    name: 'eviction that a budget forbids: 429',
    before: async (at) => {
      await at.given({
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'all' },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
      })
      await at.cluster.pod('web', { namespace: at.namespace })
    },
    run: (at) =>
      at.kubectl([
        'create',
        '--raw',
        `/api/v1/namespaces/${at.namespace}/pods/web/eviction`,
        '-f',
        at.file('e.json', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web', namespace: at.namespace } }),
      ]),
    status: 1,
  },
  { name: 'create token', run: (at) => at.kubectl(['create', 'token', 'default', '--duration=10m']), shows: 'TOKEN' },
  {
    name: 'create role and rolebinding',
    async run(at) {
      const role = await at.kubectl(['create', 'role', 'reader', '--verb=get', '--resource=pods'])
      return [role, await at.kubectl(['create', 'rolebinding', 'reader', '--role=reader', '--user=ada'])]
    },
    shows: 'rolebinding',
  },
  {
    name: 'a quota that is used up: 403',
    before: async (at) => {
      await at.given({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { configmaps: '0' } } })
      await at.prepare([
        'patch',
        'resourcequota',
        'few',
        '--subresource=status',
        '--type=merge',
        '-p',
        '{"status":{"hard":{"configmaps":"0"},"used":{"configmaps":"0"}}}',
      ])
    },
    run: (at) => at.kubectl(['create', 'configmap', 'made']),
    status: 1,
  },
  {
    name: '--as, whose rights count: allowed',
    before: given(configMap('first', { a: '1' }), ...robots('ada', ['get'])),
    run: (at) => at.kubectl(['get', 'configmap', 'first', '--as=ada', '-o', 'yaml']),
    shows: 'kind: ConfigMap',
  },
  {
    name: '--as, whose rights count: 403',
    before: given(configMap('first', { a: '1' }), ...robots('ada', ['get'])),
    run: (at) => at.kubectl(['delete', 'configmap', 'first', '--as=ada', '--as-group=crew']),
    status: 1,
  },
  { name: 'auth whoami --as', run: (at) => at.kubectl(['auth', 'whoami', '--as=ada', '--as-group=crew', '-o', 'json']), shows: 'ada' },
  {
    name: 'auth reconcile',
    run: (at) =>
      at.kubectl([
        'auth',
        'reconcile',
        '-f',
        at.file('r.json', {
          apiVersion: 'v1',
          kind: 'List',
          items: robots('ada', ['get']).map((one) => ({ ...one, metadata: { name: 'reader', namespace: at.namespace } })),
        }),
      ]),
  },
  {
    name: 'a new kind: created, used, explained, deleted',
    async run(at) {
      const group = `${at.namespace}.example.com`
      const ran = [await at.kubectl(['apply', '-f', at.file('crd.json', widgets(group))])]
      ran.push(await at.kubectl(['wait', '--for=condition=Established', `crd/widgets.${group}`, '--timeout=10s']))
      const widget = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'one' }, spec: { size: 3 } }
      // Discovery tells of it a little later.
      for (let tries = 0; tries < 50; tries += 1) {
        const seen = await at.cluster.kubectl(['get', '--raw', `/apis/${group}/v1`])
        if (seen.status === 0) break
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      ran.push(await at.kubectl(['apply', '-f', at.file('w.json', widget)]))
      ran.push(await at.kubectl(['get', `widgets.${group}`]))
      ran.push(await at.kubectl(['create', '-f', at.file('bad.json', { ...widget, metadata: { name: 'bad' }, spec: { size: 'large' } })]))
      ran.push(await at.kubectl(['delete', `crd/widgets.${group}`]))
      return ran
    },
    shows: 'deleted',
  },
  {
    name: 'create namespace and delete it, not waiting',
    async run(at) {
      const made = await at.kubectl(['create', 'namespace', at.named('extra')])
      return [made, await at.kubectl(['delete', 'namespace', at.named('extra'), '--wait=false'])]
    },
    shows: 'deleted',
  },
  {
    name: 'certificate approve',
    async run(at) {
      const name = at.named('csr')
      const made = await at.kubectl([
        'create',
        '-f',
        at.file('c.json', {
          apiVersion: 'certificates.k8s.io/v1',
          kind: 'CertificateSigningRequest',
          metadata: { name },
          spec: { request: REQUEST, signerName: 'example.com/test', usages: ['client auth'] },
        }),
      ])
      const approved = await at.kubectl(['certificate', 'approve', name])
      await at.prepare(['delete', 'csr', name])
      return [made, approved]
    },
    shows: 'approved',
  },
  {
    name: 'debug a copy of a pod',
    before: runningPod('web'),
    async run(at) {
      const copied = await at.kubectl(['debug', 'web', '--copy-to=web-debug', '--set-image=main=local:debug', '--attach=false'])
      await at.prepare(['wait', '--for=condition=Ready', 'pod/web-debug', '--timeout=10s'])
      return copied
    },
  },
  {
    name: 'rollout undo without a history',
    before: given(deployment('shop')),
    run: (at) => at.kubectl(['rollout', 'undo', 'deployment/shop']),
    status: 1,
  },
]

// A PKCS #10 request for CN=test, of a key that nobody kept.
const REQUEST =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISU1IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWRHVnpkREJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSApBMElBQkpYb1lYeHdMOGFYYWxKUVovalNrZEgxNEVxMVlNSWtMdWJQNytaWi9ndG1PeTVpbXpHaDJKL05FQkhJCmo5NmwvUmNHdyt3bjFWM3BlUW9salFZMnhWV2dBREFLQmdncWhrak9QUVFEQWdOSEFEQkVBaUFyOTFGVVBBMksKWlI3L3BkSGIyYm9aRE1mNG9GdDlsN0lpMkZjL1pyc2hBQUlnWTRMbzJRQlFWRWlnUVBXdUN2TWZmQTllTGE2cApZVDdrVmlJYjBCd1BHR1E9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo='
