import {
  coversResource,
  type FieldPlace,
  type FieldStep,
  fieldPlaces,
  isOwnGroup,
  type Mask,
  type ObjectField,
  objectFields,
} from '../../../operations/index.ts'

/** A field of a resource that a mask covers, and whose it is. */
export type CoveredField = readonly [field: ObjectField, mask: Mask]

/** The resource that a request is about. @see KubernetesFacts */
export interface AskedResource {
  readonly group: string
  readonly resource: string
}

/** The fields that masks cover of a resource, in the order of the configuration. */
export function coveredFields(masks: readonly Mask[], { group, resource }: AskedResource): readonly CoveredField[] {
  return masks.flatMap((mask) =>
    (mask.fields ?? [])
      .flatMap((text) => objectFields(text) ?? [])
      .filter((field) => coversResource(field, group, resource))
      .map((field) => [field, mask] as const),
  )
}

const step = (name: string): FieldStep => ({ name })
/** Where objects are in an answer: it is one, it lists them, or it is a Table of them. */
const IN_ANSWERS: readonly (readonly FieldStep[])[] = [[], [step('items'), 'any'], [step('rows'), 'any', step('object')]]
/** Each of these may be in an event of a watch. */
const EVERYWHERE = [...IN_ANSWERS, ...IN_ANSWERS.map((steps) => [step('object'), ...steps])]
const CELLS: readonly FieldStep[] = [step('rows'), 'any', step('cells'), 'any']

/** Where fields are in answers. */
export function placesOf(fields: readonly CoveredField[], showsTables: boolean): FieldPlace<Mask> {
  const everywhere = fields.flatMap(([field, mask]) => EVERYWHERE.map((to) => [{ ...field, path: [...to, ...field.path] }, mask] as const))
  // What a Table says of fields that it was not to be asked about: nobody knows which cell is which.
  const cells = showsTables
    ? []
    : fields.flatMap(([field, mask]) => [CELLS, [step('object'), ...CELLS]].map((path) => [{ ...field, path }, mask] as const))
  return fieldPlaces([...everywhere, ...cells])
}

/** Members whose values are bytes in base64, and so are the values of the members of these. */
const ENCODED: Readonly<Record<string, string>> = { secrets: 'data', configmaps: 'binaryData' }

/** Where values are in base64. */
export function encodedPlaces({ group, resource }: AskedResource): FieldPlace<true> {
  const name = group === '' && Object.hasOwn(ENCODED, resource) ? ENCODED[resource] : undefined
  const paths = name === undefined ? [] : EVERYWHERE.map((to) => [...to, step(name)])
  return fieldPlaces(paths.map((path) => [{ text: '', group, resource, path }, true] as const))
}

const VALUES: ReadonlySet<string> = new Set(['data', 'stringData', 'binaryData'])

/** Whether a Table of a resource shows nothing of these fields, whatever the columns. */
export function showsNothing(fields: readonly CoveredField[], { group, resource }: AskedResource): boolean {
  // Which columns there are is for whoever defined the resource to say.
  if (!isOwnGroup(group)) return fields.length === 0
  const holdsValues = group === '' && (resource === 'secrets' || resource === 'configmaps')
  return fields.every(([{ path }]) => {
    const [first] = path
    const isValue = holdsValues && typeof first === 'object' && VALUES.has(first.name)
    return isValue || isEnvironment(path)
  })
}

function isEnvironment(path: readonly FieldStep[]): boolean {
  const [list, element, member] = path.slice(-3)
  return typeof list === 'object' && list.name === 'env' && element === 'any' && typeof member === 'object' && member.name === 'value'
}
