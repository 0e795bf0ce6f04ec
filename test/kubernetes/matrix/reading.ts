import type { Case } from './case.ts'
import type { Place } from './place.ts'
import { configMap, deployment, given, pod, rolledOut, runningPod, secret } from './things.ts'

const TWO_MAPS = given(configMap('first', { colour: 'red' }, { tier: 'front' }), configMap('second', { colour: 'blue' }, { tier: 'back' }))

/** The second page of a list that was begun with the first version there ever was. */
const pastPage = (at: Place): string => {
  const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: 'a' })).toString('base64url')
  return `/api/v1/namespaces/${at.namespace}/pods?limit=1&continue=${token}`
}

/** What only looks. */
export const READING: readonly Case[] = [
  { name: 'get pods', before: runningPod('web'), run: (at) => at.kubectl(['get', 'pods']), shows: 'Running' },
  { name: 'get pods -o wide', before: runningPod('web'), run: (at) => at.kubectl(['get', 'pods', '-o', 'wide']), shows: 'node-1' },
  { name: 'get pod -o yaml', before: runningPod('web'), run: (at) => at.kubectl(['get', 'pod', 'web', '-o', 'yaml']), shows: 'kind: Pod' },
  { name: 'get -o json', before: TWO_MAPS, run: (at) => at.kubectl(['get', 'configmaps', '-o', 'json']), shows: '"colour": "red"' },
  {
    name: 'get -o jsonpath',
    before: TWO_MAPS,
    run: (at) => at.kubectl(['get', 'configmaps', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.data.colour};{end}']),
    shows: 'first=red;second=blue;',
  },
  {
    name: 'get -o go-template',
    before: TWO_MAPS,
    run: (at) => at.kubectl(['get', 'configmaps', '-o', 'go-template={{range .items}}{{.metadata.name}} {{end}}']),
    shows: 'first second',
  },
  {
    name: 'get -o custom-columns',
    before: TWO_MAPS,
    run: (at) => at.kubectl(['get', 'configmaps', '-o', 'custom-columns=N:.metadata.name,C:.data.colour']),
    shows: 'blue',
  },
  { name: 'get -o name', before: TWO_MAPS, run: (at) => at.kubectl(['get', 'configmaps', '-o', 'name']), shows: 'configmap/first' },
  {
    name: 'get with a label selector',
    before: TWO_MAPS,
    run: (at) => at.kubectl(['get', 'configmaps', '-l', 'tier in (front,middle)']),
    shows: 'first',
  },
  {
    name: 'get with a field selector',
    before: TWO_MAPS,
    run: (at) => at.kubectl(['get', 'configmaps', '--field-selector', 'metadata.name=second']),
    shows: 'second',
  },
  { name: 'get --show-labels', before: TWO_MAPS, run: (at) => at.kubectl(['get', 'configmaps', '--show-labels']), shows: 'tier=front' },
  { name: 'get --chunk-size', before: TWO_MAPS, run: (at) => at.kubectl(['get', 'configmaps', '--chunk-size=1']), shows: 'second' },
  {
    name: 'get of several kinds',
    before: TWO_MAPS,
    run: (at) => at.kubectl(['get', 'configmaps,serviceaccounts']),
    shows: 'serviceaccount/default',
  },
  { name: 'get all', before: given(deployment('shop')), run: (at) => at.kubectl(['get', 'all']), shows: 'deployment.apps/shop' },
  {
    name: 'get secret -o yaml',
    before: given(secret('key', { password: 'geheim' })),
    run: (at) => at.kubectl(['get', 'secret', 'key', '-o', 'yaml']),
    shows: 'Z2VoZWlt',
  },
  {
    name: 'get --subresource=status',
    before: given(deployment('shop')),
    run: (at) => at.kubectl(['get', 'deployment', 'shop', '--subresource=status', '-o', 'json']),
  },
  { name: 'get of what is in no namespace', run: (at) => at.kubectl(['get', 'nodes', '-o', 'wide']), shows: 'node-1' },
  { name: 'get of nothing', run: (at) => at.kubectl(['get', 'pods']), shows: '' },
  { name: 'get of what is not there: 404', run: (at) => at.kubectl(['get', 'pod', 'nobody']), status: 1 },
  { name: 'get of a kind that is not there', run: (at) => at.kubectl(['get', 'unicorns']), status: 1 },
  { name: 'describe pod', before: runningPod('web'), run: (at) => at.kubectl(['describe', 'pod', 'web']), shows: 'Image:' },
  {
    name: 'describe deployment',
    before: given(deployment('shop')),
    run: (at) => at.kubectl(['describe', 'deployment', 'shop']),
    shows: 'local:1',
  },
  { name: 'describe node', run: (at) => at.kubectl(['describe', 'node', 'node-1', '--show-events=false']), shows: 'node-1' },
  { name: 'events', before: given(pod('web')), run: (at) => at.kubectl(['events']) },
  { name: 'get events', run: (at) => at.kubectl(['get', 'events']) },
  {
    name: 'get --watch, until a time',
    waits: true,
    before: TWO_MAPS,
    run: (at) => at.kubectl(['get', 'configmaps', '--watch', '--request-timeout=2s']),
    shows: 'second',
  },
  {
    name: 'get --watch --output-watch-events, while something happens',
    waits: true,
    before: TWO_MAPS,
    async run(at) {
      const watching = at.kubectl(['get', 'configmaps', '--watch', '--output-watch-events', '--no-headers'], { until: /DELETED.*\n/ })
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await at.prepare(['label', 'configmap', 'first', 'seen=yes'])
      await at.prepare(['delete', 'configmap', 'second'])
      return watching
    },
    status: 1,
    shows: /MODIFIED +first/,
  },
  {
    name: 'wait for a condition',
    before: runningPod('web'),
    run: (at) => at.kubectl(['wait', '--for=condition=Ready', 'pod/web', '--timeout=5s']),
    shows: 'condition met',
  },
  {
    name: 'wait for a deletion',
    waits: true,
    before: TWO_MAPS,
    async run(at) {
      const waiting = at.kubectl(['wait', '--for=delete', 'configmap/first', '--timeout=10s'])
      await new Promise((resolve) => setTimeout(resolve, 500))
      await at.prepare(['delete', 'configmap', 'first'])
      return waiting
    },
  },
  {
    name: 'wait in vain',
    waits: true,
    before: TWO_MAPS,
    run: (at) => at.kubectl(['wait', '--for=delete', 'configmap/first', '--timeout=3s']),
    status: 1,
  },
  {
    name: 'rollout status',
    before: async (at) => {
      await at.given(deployment('shop'))
      await rolledOut(at, 'shop')
    },
    run: (at) => at.kubectl(['rollout', 'status', 'deployment/shop', '--timeout=10s']),
    shows: 'successfully rolled out',
  },
  {
    name: 'rollout status, while it rolls',
    waits: true,
    before: given(deployment('shop')),
    async run(at) {
      const waiting = at.kubectl(['rollout', 'status', 'deployment/shop', '--timeout=20s'])
      await new Promise((resolve) => setTimeout(resolve, 800))
      await rolledOut(at, 'shop')
      return waiting
    },
    shows: 'successfully rolled out',
  },
  { name: 'rollout history', before: given(deployment('shop')), run: (at) => at.kubectl(['rollout', 'history', 'deployment/shop']) },
  { name: 'api-resources', run: (at) => at.kubectl(['api-resources', '--no-headers', '-o', 'wide']), shows: 'deployments', sorted: true },
  { name: 'api-versions', run: (at) => at.kubectl(['api-versions']), shows: 'apps/v1' },
  { name: 'version', run: (at) => at.kubectl(['version', '-o', 'json']), shows: 'serverVersion' },
  { name: 'cluster-info', run: (at) => at.kubectl(['cluster-info']), shows: 'control plane' },
  { name: 'explain', run: (at) => at.kubectl(['explain', 'deployment.spec.strategy', '--recursive']), shows: 'maxSurge' },
  {
    name: 'explain --output plaintext-openapiv2',
    run: (at) => at.kubectl(['explain', 'pod.spec.containers', '--output=plaintext-openapiv2']),
  },
  {
    name: 'get --raw',
    before: TWO_MAPS,
    run: (at) => at.kubectl(['get', '--raw', `/api/v1/namespaces/${at.namespace}/configmaps/first`]),
    shows: 'red',
  },
  { name: 'get --raw /healthz', run: (at) => at.kubectl(['get', '--raw', '/healthz']), shows: 'ok' },
  { name: 'get --raw /readyz?verbose', run: (at) => at.kubectl(['get', '--raw', '/readyz?verbose']), shows: 'etcd ok' },
  { name: 'get --raw /openapi/v3', run: (at) => at.kubectl(['get', '--raw', '/openapi/v3']), shows: 'apis/apps/v1' },
  { name: 'get --raw of a path that is not there', run: (at) => at.kubectl(['get', '--raw', '/nowhere/at/all']), status: 1 },
  {
    name: 'get --raw of a resource version that is gone: 410',
    async before(at) {
      while ((await at.cluster.request('GET', pastPage(at))).status !== 410) await new Promise((resolve) => setTimeout(resolve, 500))
    },
    run: (at) => at.kubectl(['get', '--raw', pastPage(at)]),
    status: 1,
    shows: 'too old',
  },
  {
    // On a node that is no loopback address it would be the node's answer.
    name: 'get --raw through the node: proxy',
    run: (at) => at.kubectl(['get', '--raw', '/api/v1/nodes/node-1/proxy/healthz']),
    status: 1,
    shows: 'address not allowed',
  },
  { name: 'top without metrics', run: (at) => at.kubectl(['top', 'pods']), status: 1 },
  { name: 'auth can-i', run: (at) => at.kubectl(['auth', 'can-i', 'create', 'deployments']), shows: 'yes' },
  // K8-14: the rules of the cluster are not all of them.
  {
    name: 'auth can-i --list',
    run: (at) => at.kubectl(['auth', 'can-i', '--list']),
    warns: /^Warning: the list may be incomplete: the gateway .*\n/m,
  },
  { name: 'auth whoami', run: (at) => at.kubectl(['auth', 'whoami', '-o', 'json']), shows: 'robot' },
  {
    name: 'config view',
    run: (at) =>
      at
        .kubectl(['config', 'get-contexts', '--no-headers', '-o', 'name'])
        .then((ran) => ({ ...ran, stdout: ran.stdout === '' ? '' : 'CONTEXTS' })),
    shows: 'CONTEXTS',
  },
]
