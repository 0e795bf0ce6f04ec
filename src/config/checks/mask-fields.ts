import { objectFields } from '../../operations/index.ts'
import { nearest } from '../nearest.ts'
import type { Finding, Path } from '../source.ts'
import { inconsistent } from './check.ts'

/** The core group, which does not grow: what is new has a group of its own. */
const CORE = [
  ...['bindings', 'componentstatuses', 'configmaps', 'endpoints', 'events', 'limitranges', 'namespaces', 'nodes', 'persistentvolumeclaims'],
  ...['persistentvolumes', 'pods', 'podtemplates', 'replicationcontrollers', 'resourcequotas', 'secrets', 'serviceaccounts', 'services'],
]
/** What people write without its group, as kubectl lets them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  apps: ['deployments', 'statefulsets', 'daemonsets', 'replicasets', 'controllerrevisions'],
  batch: ['jobs', 'cronjobs'],
  autoscaling: ['horizontalpodautoscalers'],
  policy: ['poddisruptionbudgets'],
  'networking.k8s.io': ['ingresses', 'ingressclasses', 'networkpolicies'],
  'storage.k8s.io': ['storageclasses', 'volumeattachments'],
  'rbac.authorization.k8s.io': ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  'apiextensions.k8s.io': ['customresourcedefinitions'],
  'cert-manager.io': ['certificates', 'issuers', 'clusterissuers'],
}

/** Finds fields of resources that are not in the core group, as a field without a group is: it would cover nothing. */
export function* checkFields(fields: readonly string[], path: Path): Iterable<Finding> {
  for (const [at, text] of fields.entries()) {
    for (const { group, resource } of objectFields(text) ?? []) {
      if (group !== '' || CORE.includes(resource)) continue
      const message = `No resource of the core group is called ${resource}, so this would never match.`
      yield inconsistent([...path, at], message, meant(text, resource))
    }
  }
}

function meant(text: string, resource: string): string {
  const group = Object.keys(GROUPS).find((each) => GROUPS[each]?.includes(resource))
  if (group !== undefined) return `Write ${resource}.${group}${text.slice(resource.length)}.`
  const known = nearest(resource, [...CORE, ...Object.values(GROUPS).flat()])
  if (known !== undefined) return `Did you mean ${known}?`
  return `Write its group behind it, as kubectl api-resources names it: ${resource}.example.com.`
}
