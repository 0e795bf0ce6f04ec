import { type Effect, PLANE_KINDS, PLANES, type Resource } from '../operations/index.ts'
import { RuleError } from './errors.ts'

/** What the `do` of a rule says of effects at one kind of resource. */
export interface Coverage {
  /** Whether the rule may permit this effect: what is not among `*` must be named. */
  permits(effect: Effect): boolean
  /** Whether a rule that denies or asks is about this effect: there `*` is everything. */
  concerns(effect: Effect): boolean
  /** Classes of which it may permit something. */
  readonly permitted: ReadonlySet<string>
  /** Classes that it concerns as a whole. */
  readonly concerned: ReadonlySet<string>
}

type Kind = Resource['kind']

/** An item of a `do`, taken apart: `*`, a class or an action of one plane. */
interface Item {
  readonly kind: Kind
  readonly name: string
}

/**
 * What a rule says of effects at resources of one kind.
 * @param items as in `do`: `postgres.*`, `kubernetes.get`, `postgres.create table`; absent is everything that needs no name
 * @returns undefined where none of them is about this kind
 * @throws RuleError for one that is none of these
 */
export function coverageOf(kind: Kind, items?: readonly string[]): Coverage | undefined {
  const about = items === undefined ? ['*'] : items.map(itemOf).flatMap((item) => (item.kind === kind ? [item.name] : []))
  return about.length === 0 ? undefined : covering(kind, new Set(about))
}

/**
 * The kinds of resources that a rule is about.
 * @param items as in `do`; absent is all of them
 * @throws RuleError for one that names nothing
 */
export function kindsOf(items?: readonly string[]): readonly Kind[] {
  if (items === undefined) return PLANE_KINDS
  const named = new Set(items.map((item) => itemOf(item).kind))
  return PLANE_KINDS.filter((kind) => named.has(kind))
}

function itemOf(item: string): Item {
  const kind = PLANE_KINDS.find((each) => item.startsWith(`${each}.`))
  const name = kind === undefined ? '' : item.slice(kind.length + 1)
  if (kind !== undefined && (name === '*' || PLANES[kind].classes.includes(name) || PLANES[kind].actions.has(name))) return { kind, name }
  const pages = kind === undefined ? PLANE_KINDS.map((each) => PLANES[each].page) : [PLANES[kind].page]
  throw new RuleError(`No effect is called ${item}.`, `${pages.join(', ')} ${pages.length > 1 ? 'list' : 'lists'} classes and actions.`)
}

function covering(kind: Kind, names: ReadonlySet<string>): Coverage {
  const { classes, actions, namedOnly } = PLANES[kind]
  const all = names.has('*')
  const ordinary = all ? classes.filter((name) => !namedOnly.has(name)) : []
  const whole = classes.filter((name) => names.has(name))
  // An action that is called like a class is all of it.
  const single = [...actions].flatMap(([action, { class: of }]) => (names.has(action) ? [of] : []))
  const namedClasses: ReadonlySet<string> = new Set(whole)
  const permittedClasses: ReadonlySet<string> = new Set([...ordinary, ...whole])
  const isNamed = (effect: Effect) => namedClasses.has(effect.class) || names.has(effect.action)
  return {
    permits: (effect) => permittedClasses.has(effect.class) || names.has(effect.action),
    concerns: (effect) => all || isNamed(effect),
    permitted: new Set([...permittedClasses, ...single]),
    concerned: all ? new Set(classes) : namedClasses,
  }
}
