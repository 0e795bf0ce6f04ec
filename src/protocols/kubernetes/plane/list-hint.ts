import { type KubernetesFacts, Refusal } from '../../../operations/index.ts'

/** Kinds that are in no namespace; of others it is not known, and then a word too much does no harm. */
const OF_THE_CLUSTER: ReadonlySet<string> = new Set([
  ...[
    'namespaces',
    'nodes',
    'persistentvolumes',
    'componentstatuses',
    'clusterroles',
    'clusterrolebindings',
    'storageclasses',
    'csidrivers',
  ],
  ...[
    'csinodes',
    'volumeattachments',
    'volumeattributesclasses',
    'customresourcedefinitions',
    'apiservices',
    'priorityclasses',
    'runtimeclasses',
  ],
  ...['ingressclasses', 'servicecidrs', 'ipaddresses', 'certificatesigningrequests', 'clustertrustbundles', 'flowschemas', 'deviceclasses'],
  ...['prioritylevelconfigurations', 'validatingwebhookconfigurations', 'mutatingwebhookconfigurations', 'validatingadmissionpolicies'],
  ...['validatingadmissionpolicybindings', 'mutatingadmissionpolicies', 'mutatingadmissionpolicybindings', 'resourceslices'],
])

const OF_MANY: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection'])

/** A list of all namespaces is not narrowed to those that the rules allow: whoever asks for it is told how to ask for one of them. */
export function withListHint(refusal: Refusal, facts: KubernetesFacts | undefined): Refusal {
  if (refusal.code !== 'GS_POLICY_DENIED' || refusal.rule !== undefined || facts === undefined) return refusal
  const { verb, namespace, name, resource } = facts
  if (!OF_MANY.has(verb) || namespace !== '' || name !== '' || resource === undefined || OF_THE_CLUSTER.has(resource)) return refusal
  return new Refusal('GS_POLICY_DENIED', {
    reason: `No rule allows this for ${resource} of all namespaces.`,
    next: 'A list is not narrowed to what is allowed: use -n <namespace> with a namespace that you may use.',
  })
}
