import type { Case } from './case.ts'
import type { Place } from './place.ts'
import { configMap, deployment, given, rolledOut, runningPod, secret } from './things.ts'

const MAP = given(configMap('first', { colour: 'red', size: '1' }))
const SHOP = given(deployment('shop'))

/** kubectl edit, with a program for an editor. */
const edited = (at: Place, script: string, words: readonly string[]) =>
  at.kubectl(['edit', ...words], { env: { KUBE_EDITOR: `sed -i ${script}` } })

/** What changes objects. */
export const WRITING: readonly Case[] = [
  {
    name: 'create -f',
    run: (at) => at.kubectl(['create', '-f', at.file('m.json', configMap('made', { a: '1' }))]),
    shows: 'configmap/made created',
  },
  {
    name: 'create -f -, of YAML',
    run: (at) => at.kubectl(['create', '-f', '-'], { input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {a: "1"}\n' }),
  },
  {
    name: 'create configmap --from-file',
    run: (at) => at.kubectl(['create', 'configmap', 'made', `--from-file=${at.file('f.bin', new Uint8Array([0, 1, 254, 255]))}`]),
  },
  { name: 'create secret generic', run: (at) => at.kubectl(['create', 'secret', 'generic', 'made', '--from-literal=password=geheim']) },
  { name: 'create of what is there: 409', before: MAP, run: (at) => at.kubectl(['create', 'configmap', 'first']), status: 1 },
  {
    name: 'create that is not valid: 422',
    run: (at) => at.kubectl(['create', '-f', at.file('m.json', configMap('Not_A_Name', {}))]),
    status: 1,
  },
  {
    name: 'create --dry-run=client -o yaml',
    run: (at) => at.kubectl(['create', 'deployment', 'dry', '--image=local', '--dry-run=client', '-o', 'yaml']),
  },
  {
    name: 'create --dry-run=server',
    run: (at) => at.kubectl(['create', 'configmap', 'dry', '--dry-run=server', '-o', 'yaml']),
    shows: 'name: dry',
  },
  {
    name: 'apply, twice',
    async run(at) {
      const first = await at.kubectl(['apply', '-f', at.file('m.json', configMap('made', { a: '1', b: '2' }))])
      return [first, await at.kubectl(['apply', '-f', at.file('m.json', configMap('made', { a: '3' }))])]
    },
    shows: 'configmap/made configured',
  },
  {
    name: 'apply --server-side',
    run: (at) => at.kubectl(['apply', '--server-side', '-f', at.file('m.json', configMap('made', { a: '1' }))]),
    shows: 'serverside-applied',
  },
  {
    name: 'apply --server-side, in conflict with another manager',
    before: (at) =>
      at.prepare(['apply', '--server-side', '--field-manager=somebody', '-f', '-'], {
        input: JSON.stringify(configMap('made', { a: '1' })),
      }),
    run: (at) => at.kubectl(['apply', '--server-side', '-f', at.file('m.json', configMap('made', { a: '2' }))]),
    status: 1,
  },
  {
    name: 'apply --server-side --force-conflicts',
    before: (at) =>
      at.prepare(['apply', '--server-side', '--field-manager=somebody', '-f', '-'], {
        input: JSON.stringify(configMap('made', { a: '1' })),
      }),
    run: (at) => at.kubectl(['apply', '--server-side', '--force-conflicts', '-f', at.file('m.json', configMap('made', { a: '2' }))]),
  },
  {
    name: 'apply --prune',
    before: (at) =>
      at.prepare(['apply', '-f', '-'], {
        input: JSON.stringify({
          apiVersion: 'v1',
          kind: 'List',
          items: [configMap('one', {}, { set: 'x' }), configMap('two', {}, { set: 'x' })],
        }),
      }),
    run: (at) =>
      at.kubectl([
        'apply',
        '--prune',
        '-l',
        'set=x',
        '--prune-allowlist=core/v1/ConfigMap',
        '-f',
        at.file('m.json', configMap('one', { a: '1' }, { set: 'x' })),
      ]),
    shows: 'configmap/two pruned',
  },
  {
    name: 'apply -k',
    run(at) {
      at.file('m.json', configMap('made', { a: '1' }))
      at.file('kustomization.yaml', { resources: ['m.json'], namePrefix: 'k-', configMapGenerator: [{ name: 'gen', literals: ['x=1'] }] })
      return at.kubectl(['apply', '-k', at.folder])
    },
    shows: 'configmap/k-made created',
  },
  {
    name: 'apply of 500 KB',
    run: (at) =>
      at.kubectl(['apply', '--server-side', '-f', at.file('m.json', configMap('large', { text: 'lorem ipsum '.repeat(42_000) }))]),
  },
  {
    name: 'create of more than etcd takes',
    run: (at) => at.kubectl(['create', '-f', at.file('m.json', configMap('large', { text: 'x'.repeat(2_000_000) }))]),
    status: 1,
  },
  {
    name: 'diff',
    before: MAP,
    run: (at) => at.kubectl(['diff', '-f', at.file('m.json', configMap('first', { colour: 'blue', size: '1' }))]).then(withoutFileNames),
    status: 1,
    shows: 'blue',
  },
  {
    name: 'patch --type=strategic',
    before: SHOP,
    run: (at) =>
      at.kubectl([
        'patch',
        'deployment',
        'shop',
        '-p',
        '{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"local:2"}]}}}}',
      ]),
  },
  {
    name: 'patch --type=merge',
    before: MAP,
    run: (at) => at.kubectl(['patch', 'configmap', 'first', '--type=merge', '-p', '{"data":{"colour":null,"shape":"round"}}']),
  },
  {
    name: 'patch --type=json',
    before: MAP,
    run: (at) =>
      at.kubectl([
        'patch',
        'configmap',
        'first',
        '--type=json',
        '-p',
        '[{"op":"test","path":"/data/size","value":"1"},{"op":"replace","path":"/data/size","value":"2"}]',
      ]),
  },
  {
    name: 'patch --type=json, whose test fails',
    before: MAP,
    run: (at) => at.kubectl(['patch', 'configmap', 'first', '--type=json', '-p', '[{"op":"test","path":"/data/size","value":"9"}]']),
    status: 1,
  },
  {
    name: 'patch --subresource=status',
    before: SHOP,
    run: (at) => at.kubectl(['patch', 'deployment', 'shop', '--subresource=status', '--type=merge', '-p', '{"status":{"replicas":2}}']),
  },
  { name: 'edit', before: MAP, run: (at) => edited(at, 's/red/green/', ['configmap', 'first']), shows: 'edited' },
  {
    name: 'edit that changes nothing',
    before: MAP,
    run: (at) => edited(at, 's/nothing/nothing/', ['configmap', 'first']),
    shows: 'cancelled',
  },
  { name: 'replace', before: MAP, run: (at) => at.kubectl(['replace', '-f', at.file('m.json', configMap('first', { colour: 'black' }))]) },
  {
    name: 'replace of an old version: 409',
    before: MAP,
    run: (at) =>
      at.kubectl(['replace', '-f', at.file('m.json', { ...configMap('first', {}), metadata: { name: 'first', resourceVersion: '1' } })]),
    status: 1,
  },
  {
    name: 'replace --force',
    before: MAP,
    run: (at) => at.kubectl(['replace', '--force', '-f', at.file('m.json', configMap('first', { colour: 'black' }))]),
  },
  { name: 'delete', before: MAP, run: (at) => at.kubectl(['delete', 'configmap', 'first']), shows: 'deleted' },
  { name: 'delete pod, waiting for it', before: runningPod('web'), run: (at) => at.kubectl(['delete', 'pod', 'web']), shows: 'deleted' },
  {
    name: 'delete --all (a collection)',
    before: given(configMap('first', {}), configMap('second', {})),
    run: (at) => at.kubectl(['delete', 'configmaps', '--all']),
    shows: 'second',
  },
  {
    name: 'delete -l',
    before: given(configMap('first', {}, { a: 'b' }), configMap('second', {})),
    run: (at) => at.kubectl(['delete', 'configmaps', '-l', 'a=b']),
  },
  {
    name: 'delete --raw',
    before: MAP,
    run: (at) => at.kubectl(['delete', '--raw', `/api/v1/namespaces/${at.namespace}/configmaps/first`]),
  },
  {
    name: 'deletecollection',
    before: given(configMap('first', {}, { a: 'b' }), configMap('second', {}, { a: 'b' })),
    run: (at) => at.kubectl(['delete', '--raw', `/api/v1/namespaces/${at.namespace}/configmaps?labelSelector=a%3Db`]),
  },
  { name: 'delete of what is not there', run: (at) => at.kubectl(['delete', 'configmap', 'nobody']), status: 1 },
  { name: 'delete --ignore-not-found', run: (at) => at.kubectl(['delete', 'configmap', 'nobody', '--ignore-not-found']) },
  { name: 'scale', before: SHOP, run: (at) => at.kubectl(['scale', 'deployment/shop', '--replicas=5']), shows: 'scaled' },
  {
    name: 'scale --current-replicas, which are others',
    before: SHOP,
    run: (at) => at.kubectl(['scale', 'deployment/shop', '--current-replicas=7', '--replicas=5']),
    status: 1,
  },
  { name: 'autoscale', before: SHOP, run: (at) => at.kubectl(['autoscale', 'deployment', 'shop', '--min=1', '--max=3', '--cpu=80%']) },
  { name: 'label', before: MAP, run: (at) => at.kubectl(['label', 'configmap', 'first', 'tier=front']), shows: 'labeled' },
  {
    name: 'label of what has it',
    before: given(configMap('first', {}, { tier: 'front' })),
    run: (at) => at.kubectl(['label', 'configmap', 'first', 'tier=back']),
    status: 1,
  },
  {
    name: 'annotate',
    before: MAP,
    run: (at) => at.kubectl(['annotate', 'configmap', 'first', 'why=because', '--overwrite']),
    shows: 'annotated',
  },
  { name: 'set image', before: SHOP, run: (at) => at.kubectl(['set', 'image', 'deployment/shop', 'main=local:2']), shows: 'image updated' },
  { name: 'set env', before: SHOP, run: (at) => at.kubectl(['set', 'env', 'deployment/shop', 'A=1']) },
  { name: 'rollout restart', before: SHOP, run: (at) => at.kubectl(['rollout', 'restart', 'deployment/shop']) },
  {
    name: 'rollout pause',
    before: (at) => SHOP(at).then(() => rolledOut(at, 'shop')),
    run: (at) => at.kubectl(['rollout', 'pause', 'deployment/shop']),
  },
  {
    name: 'expose',
    before: SHOP,
    run: (at) => at.kubectl(['expose', 'deployment', 'shop', '--port=80', '--cluster-ip=None']),
    shows: 'exposed',
  },
  {
    name: 'get secret after create, as text',
    before: given(secret('key', { a: 'b' })),
    run: (at) => at.kubectl(['get', 'secret', 'key', '-o', 'jsonpath={.data.a}']),
    shows: 'Yg==',
  },
]

/** diff(1) names files of its own. */
function withoutFileNames<T extends { stdout: string }>(ran: T): T {
  return { ...ran, stdout: ran.stdout.replace(/^(diff|---|\+\+\+) .*$/gm, '$1') }
}
