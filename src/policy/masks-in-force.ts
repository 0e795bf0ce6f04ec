import type { Mask } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import type { MaskRule, MaskSelector } from './mask-rule.ts'
import { selectsPrincipal, selectsResource } from './selectors.ts'

/** Says which masks hold for whom: the same list for the same masks, so that what refers to it by identity says it once. */
export class MasksInForce {
  readonly #rules: readonly MaskRule[]
  readonly #known = new Map<string, readonly Mask[]>()

  constructor(rules: readonly MaskRule[]) {
    this.#rules = rules
  }

  /** In the order of the configuration; undefined where none holds. */
  about({ principal, resource }: Pick<Asker, 'principal' | 'resource'>): readonly Mask[] | undefined {
    const holding = this.#rules.filter((rule) => missesOf(rule, { principal, resource }).length === 0)
    if (holding.length === 0) return undefined
    const key = JSON.stringify(holding.map(({ mask }) => mask.name))
    let masks = this.#known.get(key)
    if (masks === undefined) {
      masks = Object.freeze(holding.map(({ mask }) => mask))
      this.#known.set(key, masks)
    }
    return masks
  }
}

/** What keeps a mask from holding, all of it. */
export function missesOf({ who, except, on }: MaskRule, { principal, resource }: Pick<Asker, 'principal' | 'resource'>): MaskSelector[] {
  const misses: MaskSelector[] = []
  if (who?.kind !== undefined && !selectsPrincipal({ who: { kind: who.kind } }, principal)) misses.push('who.kind')
  if (who?.groups !== undefined && !selectsPrincipal({ who: { groups: who.groups } }, principal)) misses.push('who.groups')
  if (except !== undefined && selectsPrincipal({ who: except }, principal)) misses.push('except')
  if (on?.resources !== undefined && !selectsResource({ on: { resources: on.resources } }, resource)) misses.push('on.resources')
  if (on?.tags !== undefined && !selectsResource({ on: { tags: on.tags } }, resource)) misses.push('on.tags')
  return misses
}
