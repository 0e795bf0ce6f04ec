import { as, constant, isTree, list, same, strings, text, typeOf } from './tree.ts'

/** Whether a reference is to a column of the target of an UPDATE or DELETE. @param reference fields of a ColumnRef */
export type IsTarget = (reference: Readonly<Record<string, unknown>>) => boolean

/**
 * Whether a condition restricts a column of the target by something that is not constantly true. `id = id` and `1 = 1` do not, an OR does
 * only if both of its sides do. A lint against forgotten conditions, not a proof: it says no where it is in doubt.
 */
export function restricts(condition: unknown, isTarget: IsTarget): boolean {
  return holds(condition, false, isTarget, 0)
}

const MOST_DEPTH = 200

function holds(condition: unknown, negated: boolean, isTarget: IsTarget, depth: number): boolean {
  if (depth > MOST_DEPTH) return false
  const type = typeOf(condition)
  const fields = as(condition, type) ?? {}
  switch (type) {
    case 'BoolExpr': {
      const args = list(fields, 'args')
      const kind = text(fields, 'boolop')
      if (kind === 'NOT_EXPR') return holds(args[0], !negated, isTarget, depth + 1)
      // De Morgan: NOT (a OR b) is NOT a AND NOT b.
      const all = (kind === 'AND_EXPR') !== negated
      const each = (arg: unknown) => holds(arg, negated, isTarget, depth + 1)
      return args.length > 0 && (all ? args.some(each) : args.every(each))
    }
    case 'A_Expr':
      return comparison(fields, isTarget)
    case 'BooleanTest': {
      const kind = text(fields, 'booltesttype')
      if (kind === 'IS_TRUE') return holds(fields.arg, negated, isTarget, depth + 1)
      return kind === 'IS_FALSE' ? holds(fields.arg, !negated, isTarget, depth + 1) : false
    }
    case 'NullTest':
      // Most columns are never null: only IS NULL restricts.
      return (text(fields, 'nulltesttype') === 'IS_NULL') !== negated && columnsIn(fields.arg, isTarget).size > 0
    case 'SubLink':
      return columnsIn(fields, isTarget).size > 0
    case 'ColumnRef':
      return isTarget(fields)
    case 'FuncCall':
      return columnsIn(fields, isTarget).size > 0
    case 'CurrentOfExpr':
      return true
    default:
      return false
  }
}

/** Patterns that everything matches. */
const ANYTHING = /^%+$|^(\.\*)?$|^\^$/

function comparison(fields: Readonly<Record<string, unknown>>, isTarget: IsTarget): boolean {
  const left = columnsIn(fields.lexpr, isTarget)
  const right = columnsIn(fields.rexpr, isTarget)
  if (left.size + right.size === 0) return false
  const items = list(as(fields.rexpr, 'List') ?? {}, 'items')
  if (items.some((item) => same(fields.lexpr, item)) || same(fields.lexpr, fields.rexpr)) return false
  // Both sides are made of the same columns: id + 0 = id, abs(id) >= id - 1.
  if (left.size > 0 && left.size === right.size && [...left].every((column) => right.has(column))) return false
  const name = strings(list(fields, 'name')).pop() ?? ''
  const pattern = constant(fields.rexpr)
  return !(pattern !== undefined && /~/.test(name) && !name.startsWith('!') && ANYTHING.test(pattern))
}

/** Columns of the target in an expression, by how they are written. Iterative, since expressions may be as deep as they are long. */
function columnsIn(value: unknown, isTarget: IsTarget): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (Array.isArray(next)) for (const each of next) waiting.push(each)
    else if (isTree(next)) {
      const reference = as(next, 'ColumnRef')
      if (reference) {
        const parts = strings(list(reference, 'fields'))
        if (isTarget(reference)) found.add(parts[parts.length - 1] ?? '*')
      } else for (const key in next) waiting.push(next[key])
    }
  }
  return found
}
