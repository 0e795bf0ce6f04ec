import { NAMESPACE, PLACES } from './world.ts'

/** A request of somebody from whom values are masked. */
export interface Ask {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const ACCEPTS: Readonly<Record<string, string>> = {
  json: 'application/json',
  anything: '*/*',
  table: `${TABLE},application/json`,
  tableOnly: TABLE,
  metadata: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  metadataList: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  protobuf: 'application/vnd.kubernetes.protobuf',
  either: 'application/vnd.kubernetes.protobuf,application/json',
  yaml: 'application/yaml',
  cbor: 'application/cbor',
  stream: 'application/json;stream=watch',
}

const QUERIES = ['pretty=true', 'limit=1', 'resourceVersion=0', 'includeObject=Object']
const WATCHES = [
  'watch=1&timeoutSeconds=1',
  'watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
]

/** Every way of reading of each kind. */
export function readings(): readonly Ask[] {
  return PLACES.flatMap(([list, name]) => {
    const all = list.replace(`namespaces/${NAMESPACE}/`, '')
    const targets = [`/${list}/${name}`, `/${list}`, `/${all}`, `/${list}/${name}?includeObject=Object`]
    const ask = (path: string, accept: string): Ask => ({ method: 'GET', path, headers: { accept, 'accept-encoding': 'gzip' } })
    const byAccept = targets.flatMap((path) => Object.values(ACCEPTS).map((accept) => ask(path, accept)))
    const watching = [`/${list.replace('v1/', 'v1/watch/')}?timeoutSeconds=1`, ...WATCHES.map((query) => `/${list}?${query}`)]
    const byQuery = [...QUERIES.map((query) => `/${list}?${query}`), ...watching].flatMap((path) =>
      [ACCEPTS.json as string, ACCEPTS.table as string].map((accept) => ask(path, accept)),
    )
    const bySelector = [`metadata.name=${name}`, 'spec.token=guess', 'data.password=guess', 'spec.token!=guess'].map((field) =>
      ask(`/${list}?fieldSelector=${encodeURIComponent(field)}`, ACCEPTS.json as string),
    )
    return [...byAccept, ...byQuery, ...bySelector, { method: 'HEAD', path: `/${list}/${name}` }]
  })
}

const PATCHES: Readonly<Record<string, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** Every way of having an object answered, or an error about it, by writing to it. */
export function writings(): readonly Ask[] {
  return PLACES.flatMap(([list, name]) => {
    const path = `/${list}/${name}`
    const patch = (type: string, content: unknown, query = ''): Ask => ({
      method: 'PATCH',
      path: `${path}?fieldManager=hunter${query}`,
      headers: { 'content-type': PATCHES[type]!, accept: 'application/json' },
      body: typeof content === 'string' ? content : JSON.stringify(content),
    })
    const dry = '&dryRun=All'
    return [
      patch('merge', { metadata: { labels: { hunted: 'yes' } } }),
      patch('merge', { metadata: { labels: { hunted: 'dry' } } }, dry),
      patch('strategic', { metadata: { annotations: { hunted: '{"a":1}' } } }),
      patch('json', [{ op: 'add', path: '/metadata/labels/hunted', value: 'json' }]),
      patch('json', [{ op: 'test', path: '/metadata/name', value: 'another' }]),
      // Errors that quote what is there.
      patch('merge', { spec: { template: { metadata: { labels: { app: 'b' } } } } }),
      patch('merge', { spec: { template: { spec: { terminationGracePeriodSeconds: 'x' } } } }),
      patch('merge', { spec: { activeDeadlineSeconds: -1, nodeName: 'x', serviceName: 't' } }),
      patch('merge', { spec: { size: 'not a number' } }, '&fieldValidation=Strict'),
      patch('merge', { spec: { unknown: 1 }, immutable: 'x' }, '&fieldValidation=Strict'),
      patch('merge', { type: 'another' }),
      patch('merge', '{"metadata":'),
      // What copies, tests or guesses.
      ...['/data/password', '/spec/token', '/spec/containers/0/env/0/value', '/data', '/spec', ''].flatMap((from) => [
        patch('json', [{ op: 'copy', from, path: '/metadata/annotations/copied' }], dry),
        patch('json', [{ op: 'move', from, path: '/metadata/labels/moved' }], dry),
        patch('json', [{ op: 'copy', from, path: '/spec/copied' }], dry),
        patch('json', [{ op: 'copy', from, path: '/data/copied' }], dry),
        patch('json', [{ op: 'test', path: from, value: 'guess' }], dry),
      ]),
      patch('apply', { metadata: { name, labels: { applied: 'yes' } } }),
      patch('apply', { metadata: { name }, data: { password: 'Z3Vlc3M=' }, spec: { token: 'guess' } }, dry),
      { method: 'PUT', path: `${path}?dryRun=All`, headers: { 'content-type': 'application/json' }, body: '{"metadata":{"name":"x"}}' },
      { method: 'DELETE', path: `${path}?dryRun=All`, headers: { accept: 'application/json' } },
      { method: 'DELETE', path: `/${list}?dryRun=All`, headers: { accept: 'application/json' } },
      {
        method: 'POST',
        path: `/${list}?dryRun=All`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ metadata: { name } }),
      },
      { method: 'GET', path: `${path}/status`, headers: { accept: 'application/json' } },
      { method: 'GET', path: `${path}/scale`, headers: { accept: 'application/json' } },
    ]
  })
}

/** What is about no kind in particular. */
export const OTHERS: readonly Ask[] = [
  { method: 'GET', path: `/api/v1/namespaces/${NAMESPACE}/events` },
  { method: 'GET', path: '/api/v1/namespaces/hunted/pods/pod/log' },
  { method: 'GET', path: '/apis/apps/v1/namespaces/hunted/deployments/deployment?export=true' },
  { method: 'GET', path: '/openapi/v2', headers: { accept: 'application/json' } },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com' },
]

/** What rules and masks refuse together: what a kubelet says. */
export const OF_KUBELETS: readonly Ask[] = ['pods', 'configz', 'runningpods/', 'logs/'].map((path) => ({
  method: 'GET',
  path: `/api/v1/nodes/node-1/proxy/${path}`,
}))
