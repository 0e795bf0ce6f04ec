/*
 * What kwok makes of nodes and pods, in its own language of stages: a node is ready when it is there, a pod runs when it is on a node, a container that
 * is added to it runs too, and what is to be deleted is gone. Whatever a pod runs beyond that is the business of podstreams.
 */

const POD_READY = `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: "127.0.0.1"
hostIPs:
- ip: "127.0.0.1"
{{ $ip := PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ $ip | Quote }}
podIPs:
- ip: {{ $ip | Quote }}
conditions:
{{ range $type := list "Initialized" "Ready" "ContainersReady" "PodScheduled" }}
- type: {{ $type | Quote }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}
`

const EPHEMERAL_RUNNING = `
{{ $now := Now }}
ephemeralContainerStatuses:
{{ range .spec.ephemeralContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  restartCount: 0
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}
`

const NODE_READY = `
{{ $now := Now }}
phase: Running
conditions:
- type: Ready
  status: "True"
  reason: KubeletReady
  message: ready
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
addresses:
- type: InternalIP
  address: "127.0.0.1"
daemonEndpoints:
  kubeletEndpoint:
    Port: {{ NodePort }}
allocatable: { cpu: "16", memory: 64Gi, pods: "10k" }
capacity: { cpu: "16", memory: 64Gi, pods: "10k" }
nodeInfo:
  architecture: amd64
  bootID: ""
  containerRuntimeVersion: none
  kernelVersion: none
  kubeProxyVersion: none
  kubeletVersion: v1.37.2
  machineID: ""
  operatingSystem: linux
  osImage: none
  systemUUID: ""
`

interface Requirement {
  readonly key: string
  readonly operator: 'Exists' | 'DoesNotExist' | 'In' | 'NotIn'
  readonly values?: readonly string[]
}

/** The file that kwok is started with: one JSON document after the other, which is YAML. */
export function kwokConfiguration(): string {
  const stages = [
    stage('node-ready', 'Node', [{ key: '.status.phase', operator: 'NotIn', values: ['Running'] }], { statusTemplate: NODE_READY }),
    stage(
      'pod-ready',
      'Pod',
      [
        { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
        { key: '.status.phase', operator: 'In', values: ['Pending'] },
      ],
      { statusTemplate: POD_READY },
    ),
    stage(
      'ephemeral-running',
      'Pod',
      [
        { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
        { key: '.status.phase', operator: 'In', values: ['Running'] },
        { key: '.spec.ephemeralContainers', operator: 'Exists' },
        { key: '.status.ephemeralContainerStatuses', operator: 'DoesNotExist' },
      ],
      { statusTemplate: EPHEMERAL_RUNNING },
    ),
    stage('pod-gone', 'Pod', [{ key: '.metadata.deletionTimestamp', operator: 'Exists' }], { delete: true }),
  ]
  return stages.map((one) => JSON.stringify(one, null, 2)).join('\n---\n')
}

function stage(
  name: string,
  kind: 'Node' | 'Pod',
  matchExpressions: readonly Requirement[],
  next: Readonly<Record<string, unknown>>,
): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions }, next },
  }
}
