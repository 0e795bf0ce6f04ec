import type { Ran } from '../../parts/command.ts'
import { bare, normal } from './normal.ts'
import type { Place } from './place.ts'

/** One command (or a few that belong together), which must do through the gateway what it does without. */
export interface Case {
  /** The command, as a person would call it. */
  readonly name: string
  /** What there is before. */
  readonly before?: (at: Place) => Promise<unknown>
  readonly run: (at: Place) => Promise<Ran | readonly Ran[]>
  /** Its exit code (of the last command), so that two failures are not taken for a success. Default 0. */
  readonly status?: number
  /** What it must print without the gateway. */
  readonly shows?: string | RegExp
  /** What the gateway says on standard error besides, where it has to. */
  readonly warns?: RegExp
  /** What there is afterwards beside the objects of the namespace. */
  readonly effect?: (at: Place) => Promise<unknown>
  /** Seconds pass in it, and it changes nothing outside of its namespace. */
  readonly waits?: true
  /** Where the order of lines is nobody's promise. */
  readonly sorted?: boolean
}

/** What a case printed and did. */
export interface Observed {
  readonly printed: readonly { readonly status: number; readonly stdout: string; readonly stderr: string }[]
  readonly objects: unknown
  readonly effect: unknown
}

export async function observe(one: Case, at: Place): Promise<Observed> {
  await one.before?.(at)
  const ran = await one.run(at)
  const written = (text: string) => {
    const said = normal(text, at)
    return one.sorted ? said.split('\n').sort().join('\n') : said
  }
  const printed = [ran].flat().map(({ status, stdout, stderr }) => ({
    status,
    stdout: written(stdout),
    stderr: written(one.warns ? stderr.replace(one.warns, '') : stderr),
  }))
  return { printed, objects: await objects(at), effect: await one.effect?.(at) }
}

/** What is kept of a namespace, in the order of the API server. */
const KEPT = [
  '/api/v1/namespaces/NS/pods',
  '/api/v1/namespaces/NS/configmaps',
  '/api/v1/namespaces/NS/secrets',
  '/api/v1/namespaces/NS/services',
  '/api/v1/namespaces/NS/serviceaccounts',
  '/api/v1/namespaces/NS/resourcequotas',
  '/apis/apps/v1/namespaces/NS/deployments',
  '/apis/batch/v1/namespaces/NS/jobs',
  '/apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles',
  '/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings',
]

async function objects(at: Place): Promise<unknown> {
  const lists = await Promise.all(KEPT.map((path) => at.cluster.request('GET', path.replace('NS', at.namespace))))
  // A release of Helm is compressed with its times inside.
  const all = lists.flatMap(({ json }) =>
    (json.items as { type?: string }[]).map((item) => (item.type === 'helm.sh/release.v1' ? { ...item, data: 'RELEASE' } : item)),
  )
  return JSON.parse(normal(JSON.stringify(bare(all)), at))
}
