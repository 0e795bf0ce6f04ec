import type { AskTerms, Decision, Mask, OperationLimits } from '../operations/index.ts'
import type { Judgement } from './judge.ts'
import type { MaskedRefusal } from './masked-use.ts'
import type { GlobalLimits } from './policy.ts'
import type { Rule } from './rule.ts'

/** Distinct decisions that are remembered; what rules an operation meets is up to the client, and so is how many sets of them there are. */
const REMEMBERED = 4096

/** Makes decisions of judgements: frozen, and the same object for the same answer, so that what refers to it by identity says it once. */
export function decisionsUnder(policy: string, global: GlobalLimits): (judgement: Judgement, masks?: readonly Mask[]) => Decision {
  const known = new Map<string, Decision>()
  return ({ effect, spoke, limits: granted }, masks) => {
    const limits = effect === 'deny' ? undefined : smaller(granted, global.rows)
    const rules = spoke.map(({ rule }) => rule.name)
    const holding = effect === 'deny' ? undefined : masks
    const key = JSON.stringify([effect, rules, limits?.rows, limits?.bytes, limits?.time, holding?.map(({ name }) => name)])
    const same = known.get(key)
    if (same !== undefined) return same
    if (known.size === REMEMBERED) known.clear()
    const say = spoke.find(({ rule }) => rule.say !== undefined)?.rule.say
    const decision = Object.freeze({
      effect,
      rules: Object.freeze(rules),
      policy,
      ...(effect === 'ask' && { ask: termsOf(spoke.map(({ rule }) => rule)) }),
      ...(say !== undefined && { say }),
      ...(limits !== undefined && { limits: Object.freeze(limits) }),
      ...(holding !== undefined && { masks: holding }),
    })
    known.set(key, decision)
    return decision
  }
}

/** The same of what masks refuse although the rules permit it: it names them instead of rules. No rule's name has a colon. */
export function refusalsUnder(policy: string): (refused: MaskedRefusal) => Decision {
  const known = new Map<string, Decision>()
  return ({ use, masks }) => {
    const rules = masks.map(({ name }) => `mask:${name}`)
    const key = [use, ...rules].join(' ')
    const same = known.get(key)
    if (same !== undefined) return same
    if (known.size === REMEMBERED) known.clear()
    const decision: Decision = Object.freeze({ effect: 'deny', rules: Object.freeze(rules), policy, masked: use })
    known.set(key, decision)
    return decision
  }
}

/** How long people are asked where a rule does not say, ms. */
const ASKED_FOR = 15 * 60_000

/** All of the rules that ask must be content. */
function termsOf(rules: readonly Rule[]): AskTerms {
  const requirements = rules.map(({ name, approvers: { groups, count = 1 } = {} }) =>
    Object.freeze({ rule: name, ...(groups && { groups }), count }),
  )
  return Object.freeze({
    requirements: Object.freeze(requirements),
    for: Math.min(...rules.map((rule) => rule.for ?? ASKED_FOR)),
    stream: rules.every(({ stream }) => stream === true),
  })
}

function smaller(granted: OperationLimits | undefined, rows: number | undefined): OperationLimits | undefined {
  if (rows === undefined) return granted
  return { ...granted, rows: Math.min(rows, granted?.rows ?? rows) }
}
