import { request } from 'node:https'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../../src/operations/index.ts'
import { readBody } from '../../../src/protocols/kubernetes/request/index.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { needs } from '../../parts/require.ts'

let cluster: RunningCluster
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  cluster = await startCluster({ audit: 'Request' })
})
afterAll(() => cluster?.stop())
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

function get(path: string, accept: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${cluster.adminToken}`, accept }
    request({ host: '127.0.0.1', port: cluster.port, ca: cluster.ca, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('end', () => resolve(Buffer.concat(chunks)))
    })
      .once('error', reject)
      .end()
  })
}

/** In protobuf, objects within objects do not say of what kind they are: where they stand tells it. */
function withoutInnerKinds(name: string, value: unknown): unknown {
  if (name !== 'volumeClaimTemplates') return value
  return (value as { kind: string; apiVersion: string }[]).map(({ kind: _, apiVersion: __, ...rest }) => rest)
}

/** Without what is empty, which JSON of the API server says here and there. */
function meant(value: Json): Json {
  if (Array.isArray(value)) return value.map(meant)
  if (value === null || typeof value !== 'object') return value
  const said = Object.entries(value).map(([name, each]) => [name, meant(each as Json)] as const)
  return Object.fromEntries(said.filter(([, each]) => !isEmpty(each)))
}

function isEmpty(value: Json): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

describe('an object in protobuf', () => {
  it('says what it says in JSON: whatever there is in a cluster that has been in use', async () => {
    await cluster.pod('web')
    const container = {
      name: 'main',
      image: 'local',
      command: ['a', 'b'],
      env: [
        { name: 'A', value: 'b' },
        { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: false } } },
      ],
      envFrom: [{ configMapRef: { name: 'c' } }],
      resources: { limits: { cpu: '100m', memory: '1Gi' } },
      livenessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 3 },
      lifecycle: { preStop: { exec: { command: ['sleep', '1'] } } },
      volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }],
      securityContext: { privileged: true, runAsUser: 0, capabilities: { add: ['NET_ADMIN'] } },
      ports: [{ name: 'http', containerPort: 80 }],
    }
    const spec = {
      hostNetwork: true,
      automountServiceAccountToken: false,
      containers: [container],
      volumes: [
        { name: 'v', emptyDir: { sizeLimit: '1Mi' } },
        { name: 'h', hostPath: { path: '/' } },
        {
          name: 'p',
          projected: {
            sources: [
              { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
              { serviceAccountToken: { path: 't', expirationSeconds: 600 } },
            ],
          },
        },
      ],
      tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }],
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'h', labelSelector: { matchLabels: { a: 'b' } } }],
        },
      },
    }
    const labels = { app: 'x' }
    const template = { metadata: { labels, annotations: { 'a/b': 'c' } }, spec }
    const apps = '/apis/apps/v1/namespaces/default'
    const made: [string, object][] = [
      [
        '/api/v1/namespaces/default/secrets',
        { kind: 'Secret', metadata: { name: 's' }, type: 'Opaque', stringData: { k: 'v' }, immutable: true },
      ],
      [
        '/api/v1/namespaces/default/configmaps',
        { kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' }, binaryData: { x: 'AAEC' } },
      ],
      [
        `${apps}/deployments`,
        {
          kind: 'Deployment',
          metadata: { name: 'd' },
          spec: {
            replicas: 0,
            selector: { matchLabels: labels },
            strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } },
            template,
          },
        },
      ],
      [
        `${apps}/statefulsets`,
        {
          kind: 'StatefulSet',
          metadata: { name: 't' },
          spec: {
            serviceName: 't',
            selector: { matchLabels: labels },
            template,
            volumeClaimTemplates: [
              { metadata: { name: 'w' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
            ],
          },
        },
      ],
      [
        '/apis/batch/v1/namespaces/default/cronjobs',
        {
          kind: 'CronJob',
          metadata: { name: 'j' },
          spec: {
            schedule: '* * * * *',
            suspend: true,
            jobTemplate: { spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } } },
          },
        },
      ],
      [
        '/api/v1/namespaces/default/services',
        {
          kind: 'Service',
          metadata: { name: 'v' },
          spec: {
            selector: labels,
            ports: [
              { name: 'a', port: 80, targetPort: 'http' },
              { name: 'b', port: 81, targetPort: 8081 },
            ],
          },
        },
      ],
      [
        '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies',
        {
          kind: 'NetworkPolicy',
          metadata: { name: 'n' },
          spec: {
            podSelector: {},
            ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 80 }] }],
          },
        },
      ],
      [
        '/apis/rbac.authorization.k8s.io/v1/clusterroles',
        {
          kind: 'ClusterRole',
          metadata: { name: 'r' },
          rules: [{ verbs: ['*'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }],
        },
      ],
      [
        '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
        {
          kind: 'HorizontalPodAutoscaler',
          metadata: { name: 'h' },
          spec: {
            maxReplicas: 3,
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
            metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
          },
        },
      ],
      [
        '/apis/coordination.k8s.io/v1/namespaces/default/leases',
        { kind: 'Lease', metadata: { name: 'l' }, spec: { holderIdentity: 'me', renewTime: '2026-01-02T03:04:05.000006Z' } },
      ],
      [
        '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
        { kind: 'PodDisruptionBudget', metadata: { name: 'b' }, spec: { minAvailable: '50%', selector: { matchLabels: labels } } },
      ],
    ]
    for (const [path, object] of made) {
      const answer = await cluster.request('POST', path, {
        apiVersion: path.startsWith('/apis') ? path.split('/').slice(2, 4).join('/') : 'v1',
        ...object,
      })
      expect(answer.status, answer.text).toBe(201)
    }
    const paths = [
      ...made.map(([path, object]) => `${path}/${(object as { metadata: { name: string } }).metadata.name}`),
      ...[
        '/api/v1/namespaces/default/pods/web',
        `/api/v1/nodes/${cluster.node}`,
        '/api/v1/namespaces/kube-system',
        '/apis/rbac.authorization.k8s.io/v1/clusterroles/admin',
      ],
      ...[
        '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/cluster-admin',
        '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical',
      ],
    ]
    for (const path of paths) {
      const json = JSON.parse((await get(path, 'application/json')).toString(), withoutInnerKinds) as Json
      const protobuf = readBody('protobuf', await get(path, 'application/vnd.kubernetes.protobuf'))
      expect(protobuf && meant(protobuf), path).toEqual(meant(json))
    }
  })

  it('is what kubectl creates', async () => {
    const all = cluster.audit().length
    for (const words of [
      ['secret', 'generic', 'made', '--from-literal=a=b'],
      ['deployment', 'made', '--image=local', '--replicas=2'],
      ['role', 'made', '--verb=get', '--resource=pods'],
      ['job', 'made', '--image=local', '--', 'id'],
    ]) {
      expect(await cluster.kubectl(['create', ...words])).toMatchObject({ status: 0 })
    }
    expect(
      cluster
        .audit()
        .slice(all)
        .filter(({ verb, user }) => verb === 'create' && user.username === 'admin').length,
    ).toBe(4)
  })
})
