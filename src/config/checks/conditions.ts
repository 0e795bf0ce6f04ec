import { compileCondition, judgeFacts, RuleError } from '../../policy/index.ts'
import type { Finding } from '../source.ts'
import { type Check, doubtful, inconsistent } from './check.ts'

/** What stands in `when`, and what a rule grants. */
export const checkConditions: Check = function* ({ rules }) {
  for (const [index, { effect, when, limits, do: items }] of rules.entries()) {
    const path = ['rules', index]
    if (limits !== undefined && effect === 'deny') {
      yield inconsistent([...path, 'limits'], 'A rule that denies grants nothing that could be limited.', 'Remove the limits.')
    }
    if (when === undefined) continue
    const condition = compiled(when, items)
    if (condition instanceof RuleError) {
      yield wrong([...path, 'when'], condition, when)
      continue
    }
    if (condition.facts.size === 0) {
      yield doubtful(
        [...path, 'when'],
        'This condition names no fact, so it says the same of every operation.',
        'Name a fact of docs/rules.md, or remove it.',
      )
    }
    if (effect !== 'allow') continue
    for (const list of condition.perhapsEmpty) {
      yield doubtful(
        [...path, 'when'],
        `${list}.all(…) is true where ${list} is empty, so this allows operations that have none of them.`,
        `Write size(${list}) > 0 && before it, or size(${list}) == 0 || where that is meant.`,
      )
    }
  }
}

function compiled(when: string, items: readonly string[]) {
  try {
    const condition = compileCondition(when)
    judgeFacts(condition, items)
    return condition
  } catch (error) {
    if (error instanceof RuleError) return error
    throw error
  }
}

/** A condition may take several lines of the file, and its quotes and folding are YAML's: its own place is said beside the file's. */
function wrong(path: Finding['path'], { at, message, next }: RuleError, when: string): Finding {
  const where = at === undefined || at === 0 ? '' : ` At character ${at + 1}${near(when, at)}.`
  return { code: 'GS_CONFIG_WRONG_VALUE', path, message: `${message}${where}`, next }
}

/** The word at a place, where it is one. */
function near(text: string, at: number): string {
  const word = /^[A-Za-z0-9_.]{1,40}/.exec(text.slice(at))?.[0]
  return word === undefined ? '' : `, ${word}`
}
