import { PLANE_KINDS, PLANES } from '../../operations/index.ts'
import { kindsOf } from '../../policy/index.ts'
import type { Document } from '../schema/document.ts'

type Rule = Document['rules'][number]

const strength = { allow: 0, ask: 1, deny: 2 } as const

/** A rule because of which the rule at `index` can never change an answer: one that overrides it, or an earlier one that says the same. */
export function shadowOf(index: number, { rules, resources }: Document): Rule | undefined {
  const rule = rules[index]
  if (rule === undefined) return undefined
  return rules.find((other, at) => {
    if (at === index) return false
    if (strength[other.effect] > strength[rule.effect]) return other.when === undefined && covers(other, rule, resources)
    if (other.effect !== rule.effect || at > index) return false
    return (other.when === undefined || other.when === rule.when) && covers(other, rule, resources) && grantsAsMuch(other, rule)
  })
}

/** Limits of every rule that allows count, so one more can only narrow; what is left is what only the second permits. */
function grantsAsMuch({ limits: wide }: Rule, { limits: narrow }: Rule): boolean {
  return narrow === undefined && wide?.statementBytes === undefined
}

/** Whether `wide` is about whatever `narrow` is about, for as long as it is; `when` aside. */
function covers(wide: Rule, narrow: Rule, resources: Document['resources']): boolean {
  const lasts = wide.until === undefined || (narrow.until !== undefined && Date.parse(narrow.until) <= Date.parse(wide.until))
  const kind = wide.who?.kind === undefined || wide.who.kind === narrow.who?.kind
  const groups = wide.who?.groups === undefined || (narrow.who?.groups?.every((group) => wide.who?.groups?.includes(group)) ?? false)
  // What a rule says of resources that it does not reach says nothing.
  const said = narrow.do.filter((effect) => reach({ ...narrow, do: [effect] }, resources).size > 0)
  if (!lasts || !kind || !groups || !said.every((effect) => concerns(wide, effect))) return false
  const reached = reach(wide, resources)
  return [...reach(narrow, resources)].every((name) => reached.has(name))
}

/** Whether a rule is about all of this item of a `do`. `<kind>.*` denies and asks about everything, and permits what needs no name. */
function concerns(rule: Rule, item: string): boolean {
  const kind = PLANE_KINDS.find((each) => item.startsWith(`${each}.`))
  if (kind === undefined) return false
  const { actions, namedOnly } = PLANES[kind]
  const all = rule.do.includes(`${kind}.*`)
  if (rule.do.includes(item) || (all && rule.effect !== 'allow')) return true
  const effect = item.slice(kind.length + 1)
  if (effect === '*') return false
  const of = actions.get(effect)?.class ?? effect
  return rule.do.includes(`${kind}.${of}`) || (all && !namedOnly.has(of))
}

/** The names of the resources that a rule is about; of what has no `do`, resources of every kind. */
export function reach(
  { on, do: items }: Pick<Rule, 'on'> & Partial<Pick<Rule, 'do'>>,
  resources: Document['resources'],
): ReadonlySet<string> {
  const kinds = kindsOf(items)
  const about = resources.filter(
    ({ name, kind, tags }) =>
      kinds.includes(kind) &&
      (on?.resources === undefined || on.resources.includes(name)) &&
      (on?.tags === undefined || on.tags.some((tag) => tags?.includes(tag))),
  )
  return new Set(about.map(({ name }) => name))
}
