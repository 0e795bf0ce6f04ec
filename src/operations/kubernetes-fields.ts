/** One step of a path into an object: a member by name, any one member or element, or any number of them. */
export type FieldStep = { readonly name: string } | 'any' | 'deep'

/** What of Kubernetes a mask covers: which resources, and where in their objects. */
export interface ObjectField {
  /** As it stands in the configuration. */
  readonly text: string
  /** `''` is the core group; `*`: any; `!`: any that is not Kubernetes' own. */
  readonly group: string
  /** Plural, as in paths of the API; `*`: any. */
  readonly resource: string
  readonly path: readonly FieldStep[]
}

/** Groups that are Kubernetes' own: of their resources it is known what they hold. */
const OWN_GROUPS: ReadonlySet<string> = new Set([
  ...['', 'apps', 'autoscaling', 'batch', 'policy', 'admissionregistration.k8s.io', 'apiextensions.k8s.io', 'apiregistration.k8s.io'],
  ...['authentication.k8s.io', 'authorization.k8s.io', 'certificates.k8s.io', 'coordination.k8s.io', 'discovery.k8s.io', 'events.k8s.io'],
  ...['flowcontrol.apiserver.k8s.io', 'networking.k8s.io', 'node.k8s.io', 'rbac.authorization.k8s.io', 'resource.k8s.io'],
  ...['scheduling.k8s.io', 'storage.k8s.io'],
])

/** Whether a group of resources is Kubernetes' own, and none that somebody defined. */
export function isOwnGroup(group: string): boolean {
  return OWN_GROUPS.has(group)
}

const environmentOf = (resource: string) => `${resource}:**.env.*.value`

/** Selectors with a name of their own, and what each of them stands for. */
export const FIELD_SELECTORS = {
  secrets: ['secrets:data.*', 'secrets:stringData.*'],
  configmaps: ['configmaps:data.*', 'configmaps:binaryData.*'],
  // Wherever a pod is described: templates in templates, revisions of controllers, kinds of which nobody here knows.
  environment: [
    ...['pods', 'podtemplates', 'replicationcontrollers'].map(environmentOf),
    ...['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'controllerrevisions'].map((name) => environmentOf(`${name}.apps`)),
    ...['jobs.batch', 'cronjobs.batch', '*.!'].map(environmentOf),
  ],
  // Helm keeps releases in either of them; what else is called so there is masked with them.
  'helm-releases': ['secrets:data.release', 'configmaps:data.release'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type FieldSelector = keyof typeof FIELD_SELECTORS

/** Steps of one path. */
const MOST_STEPS = 24
const RESOURCE = /^(\*|[a-z][a-z0-9-]{0,62})(?:\.(!|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?))?$/
const STEP = /(?:(^|(?<!^)\.)(\*\*|\*|[A-Za-z0-9_$-]{1,317})|\[(\*|"([^"\p{Cc}]{1,317})")\])/uy

/**
 * Reads what a mask names: a selector with a name of its own, or `resource.group:path`. In a path, `.` stands between names, `*` and `[*]` are any one
 * member or element, `**` any number of them, `["…"]` a name with dots.
 *
 * @returns undefined where it is neither
 */
export function objectFields(text: string): readonly ObjectField[] | undefined {
  const named = Object.hasOwn(FIELD_SELECTORS, text) ? FIELD_SELECTORS[text as FieldSelector] : undefined
  if (named) return named.flatMap((each) => fieldOf(each) ?? []).map((field) => ({ ...field, text }))
  const field = fieldOf(text)
  // `!` is not for people: what is Kubernetes' own changes with its versions.
  return field === undefined || field.group === '!' ? undefined : [field]
}

function fieldOf(text: string): ObjectField | undefined {
  const colon = text.indexOf(':')
  const about = colon < 0 ? null : RESOURCE.exec(text.slice(0, colon))
  const path = about && stepsOf(text.slice(colon + 1))
  if (!about || !path) return undefined
  const resource = about[1] as string
  return { text, group: about[2] ?? (resource === '*' ? '*' : ''), resource, path }
}

function stepsOf(text: string): readonly FieldStep[] | undefined {
  const steps: FieldStep[] = []
  STEP.lastIndex = 0
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text)
    if (match === null || steps.length === MOST_STEPS) return undefined
    const [, , plain, bracket, quoted] = match
    const step = stepOf(plain, bracket, quoted)
    if (step === 'deep' && steps.at(-1) === 'deep') return undefined
    steps.push(step)
  }
  // Behind a last `**` there is nothing that it could lead to.
  return steps.length === 0 || steps.at(-1) === 'deep' ? undefined : steps
}

function stepOf(plain: string | undefined, bracket: string | undefined, quoted: string | undefined): FieldStep {
  if (plain === '**') return 'deep'
  if (plain === '*' || bracket === '*') return 'any'
  return { name: quoted ?? (plain as string) }
}

/** @param group undefined: not known, then it may be any */
export function coversResource(field: ObjectField, group: string | undefined, resource: string): boolean {
  const sameGroup = field.group === '*' || group === undefined || field.group === group || (field.group === '!' && !isOwnGroup(group))
  return sameGroup && (field.resource === '*' || field.resource === resource)
}

/** A place in an object, as far as fields go. The same object for the same place in their sense. */
export interface FieldPlace<Owner> {
  /** Whose field it is, the first one's of several; everything below it is his too. Undefined: nobody's. */
  readonly owner: Owner | undefined
  /** As configured; there where `owner` is. */
  readonly text: string
  /** Whether a field may begin here or below. */
  readonly live: boolean
  /** Whether a field is certainly below: the path to here is what was named, and not one of many that `**` stands for. */
  readonly certain: boolean
  /** Of the value of a member. */
  member(name: string): FieldPlace<Owner>
  /** Of any element of a list. */
  element(): FieldPlace<Owner>
}

/**
 * Where fields are, found step by step: places are made as they are met, and there are few of them, as only the names in paths tell them apart.
 * @param fields with whose they are; of two at the same place the first counts
 */
export function fieldPlaces<Owner>(fields: readonly (readonly [field: ObjectField, owner: Owner])[]): FieldPlace<Owner> {
  const names = new Set(fields.flatMap(([{ path }]) => path.flatMap((step) => (typeof step === 'object' ? [step.name] : []))))
  const known = new Map<string, FieldPlace<Owner>>()

  /** @param at bits per field: the steps that may come next; the one behind the last step is the end of the path */
  const place = (at: readonly number[]): FieldPlace<Owner> => {
    const key = at.join()
    const same = known.get(key)
    if (same) return same
    const first = fields.find(([{ path }], index) => (((at[index] as number) >> path.length) & 1) === 1)
    const nexts = new Map<string, FieldPlace<Owner>>()
    let other: FieldPlace<Owner> | undefined
    const towards = (name: string | undefined) =>
      place(fields.map(([{ path }], index) => (first ? (at[index] as number) : next(path, at[index] as number, name))))
    const made: FieldPlace<Owner> = {
      owner: first?.[1],
      text: first?.[0].text ?? '',
      live: at.some((bits) => bits !== 0),
      certain: fields.some(([{ path }], index) => isCertain(path, at[index] as number)),
      element: () => {
        other ??= towards(undefined)
        return other
      },
      member: (name) => {
        if (!names.has(name)) return made.element()
        let to = nexts.get(name)
        if (to === undefined) {
          to = towards(name)
          nexts.set(name, to)
        }
        return to
      },
    }
    known.set(key, made)
    return made
  }
  return place(fields.map(([{ path }]) => closed(path, 1)))
}

/** `**` may also be nothing. */
function closed(path: readonly FieldStep[], bits: number): number {
  let all = bits
  for (let step = 0; step < path.length; step++) if (((all >> step) & 1) === 1 && path[step] === 'deep') all |= 1 << (step + 1)
  return all
}

/** @param name undefined: none of those that a path has */
function next(path: readonly FieldStep[], bits: number, name: string | undefined): number {
  let to = 0
  for (let at = 0; at < path.length; at++) {
    if (((bits >> at) & 1) === 0) continue
    const step = path[at] as FieldStep
    if (step === 'deep') to |= 1 << at
    else if (step === 'any' || step.name === name) to |= 1 << (at + 1)
  }
  return closed(path, to)
}

function isCertain(path: readonly FieldStep[], bits: number): boolean {
  for (let at = 1; at < path.length; at++) if (((bits >> at) & 1) === 1 && path[at - 1] !== 'deep' && path[at] !== 'deep') return true
  return false
}
