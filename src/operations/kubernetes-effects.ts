/** What requests to a Kubernetes API server do: its own verbs, and what runs code or hands out power. Closed: nothing has a class that is not here. */
export const KUBERNETES_CLASSES = [
  ...(['session', 'get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const),
  ...(['exec', 'attach', 'portforward', 'logs', 'proxy', 'impersonate', 'credential', 'opaque'] as const),
] as const

export type KubernetesClass = (typeof KUBERNETES_CLASSES)[number]

/** Not among `kubernetes.*`: permitted only where a rule names them, or an action of theirs. */
export const KUBERNETES_NAMED_ONLY: ReadonlySet<KubernetesClass> = new Set(['impersonate', 'credential'])

/** One action of requests: the class that it belongs to, and when a request has it. */
export interface KubernetesAction {
  readonly class: KubernetesClass
  /** One sentence. */
  readonly meaning: string
}

const of = (name: KubernetesClass, meanings: Readonly<Record<string, string>>): [string, KubernetesAction][] =>
  Object.entries(meanings).map(([action, meaning]) => [action, { class: name, meaning }])

/** Every action by its name. Closed, and one that is called like a class is all that the class has. */
export const KUBERNETES_ACTIONS: ReadonlyMap<string, KubernetesAction> = new Map([
  ...of('session', {
    discover: 'Asks which groups, versions and resources there are (/api, /apis and below).',
    openapi: 'Reads the schemas of resources (/openapi).',
    'server version': 'Asks for the version (/version).',
    health: 'Asks whether the server is well (/healthz, /livez, /readyz).',
    'self review': 'Asks who one is or what one may do (SelfSubjectReview, SelfSubjectAccessReview, SelfSubjectRulesReview).',
  }),
  ...of('get', {
    'get object': 'Reads one object.',
    'get subresource': 'Reads a subresource that has no class of its own, such as status or scale.',
    'get path': 'Reads a path that is no resource, such as /metrics.',
  }),
  ...of('list', { list: 'Reads all objects of a kind, or those that a selector chooses.' }),
  ...of('watch', { watch: 'Is told of every change of objects, and where asked of those that are there (watch, /watch/ paths).' }),
  ...of('create', {
    'create object': 'Makes an object.',
    'create subresource': 'Posts to a subresource that has no class of its own, such as binding.',
    'create by apply': 'Makes the object where it is not there: server-side apply does.',
    'create by update': 'Makes the object where it is not there, for kinds whose update does.',
    review: 'Has somebody else checked: TokenReview, SubjectAccessReview, LocalSubjectAccessReview.',
  }),
  ...of('update', {
    'update object': 'Replaces an object.',
    'update subresource': 'Replaces a subresource, such as status or scale.',
  }),
  ...of('patch', {
    'patch object': 'Changes parts of an object (JSON patch, merge patch, strategic merge patch).',
    'patch subresource': 'Changes parts of a subresource, such as status or scale.',
    apply: 'Applies a configuration at the server (server-side apply).',
  }),
  ...of('delete', {
    'delete object': 'Removes an object.',
    evict: 'Removes a pod where its disruption budget permits it (pods/eviction).',
  }),
  ...of('deletecollection', { deletecollection: 'Removes all objects of a kind in a namespace, or those that a selector chooses.' }),
  ...of('exec', {
    'run command': 'Runs a command in a container (pods/exec); kubectl cp does too.',
    debug: 'Adds a container to a pod that runs (pods/ephemeralcontainers).',
    'run on node': 'May run commands in any pod of a node, as the API of its kubelet can (nodes/proxy).',
  }),
  ...of('attach', { attach: 'Attaches to what runs in a container (pods/attach).' }),
  ...of('portforward', { portforward: 'Opens connections to ports of a pod (pods/portforward); what goes over them is not looked into.' }),
  ...of('logs', {
    'read logs': 'Reads what a container wrote (pods/log).',
    'read server logs': 'Reads logs of the server itself (/logs).',
  }),
  ...of('proxy', {
    'proxy pod': 'Sends a request to a pod (pods/proxy).',
    'proxy service': 'Sends a request to a service (services/proxy).',
    'proxy node': 'Sends a request to the kubelet of a node (nodes/proxy).',
  }),
  ...of('impersonate', { impersonate: 'Is to be done as another user, group or account (kubectl --as).' }),
  ...of('credential', {
    'make token': 'Makes a token of a service account (serviceaccounts/token).',
    'token secret': 'Makes or changes a Secret that the server puts a token into, or one of which it is not known.',
    'approve certificate':
      'Asks for a certificate of the cluster, which approves some by itself; approves or signs one, or changes its status.',
    'change roles': 'Makes, changes or removes roles and role bindings, of a namespace or of the cluster.',
  }),
  ...of('opaque', {
    'unknown request': 'Is not understood.',
    'unknown upgrade': 'Changes to a protocol that is not known.',
  }),
])
