import { type Effect, POSTGRES_ACTIONS, POSTGRES_CLASSES, POSTGRES_NAMED_ONLY } from '../operations/index.ts'
import { RuleError } from './errors.ts'

/** What the `do` of a rule says of effects. */
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

const named: ReadonlySet<string> = POSTGRES_NAMED_ONLY
const ordinary: ReadonlySet<string> = new Set(POSTGRES_CLASSES.filter((name) => !named.has(name)))
const everything: ReadonlySet<string> = new Set(POSTGRES_CLASSES)

/**
 * @param items as in `do`: `postgres.*`, `postgres.read`, `postgres.create table`; absent is `postgres.*`
 * @throws RuleError for one that is none of these
 */
export function coverageOf(items: readonly string[] = ['postgres.*']): Coverage {
  const classes = new Set<string>()
  const actions = new Set<string>()
  for (const item of items) {
    const name = item.startsWith('postgres.') ? item.slice('postgres.'.length) : ''
    if (name !== '*' && everything.has(name)) classes.add(name)
    else if (POSTGRES_ACTIONS.has(name)) actions.add(name)
    else if (name !== '*') throw new RuleError(`No effect is called ${item}.`, 'docs/postgres-effects.md lists classes and actions.')
  }
  const all = items.includes('postgres.*')
  const names = (effect: Effect) => classes.has(effect.class) || actions.has(effect.action)
  return {
    permits: (effect) => names(effect) || (all && ordinary.has(effect.class)),
    concerns: (effect) => all || names(effect),
    permitted: new Set([...(all ? ordinary : []), ...classes, ...[...actions].map((action) => POSTGRES_ACTIONS.get(action)?.class ?? '')]),
    concerned: all ? everything : classes,
  }
}
