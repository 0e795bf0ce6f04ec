import { act } from './findings.ts'
import type { Entry, Scope } from './scope.ts'
import { settingAction } from './settings.ts'
import type { Statement } from './statement.ts'
import { as, constant, list, strings, text } from './tree.ts'

/** The view that shows settings: an UPDATE of it is a SET of every row that it reaches (its rule pg_settings_u). */
export const SETTINGS_VIEW = 'pg_catalog.pg_settings'

/**
 * The setting that `name` of pg_settings stands for, where that is the only thing in scope and the condition has `name = 'literal'` under
 * nothing but AND: whatever else it says, no other row is reached.
 *
 * @param name an expression that has to be that column; undefined: whichever row is reached
 * @returns in lower case; undefined where it may be another one
 */
export function pinnedSetting(scope: Scope, where: unknown, name?: unknown): string | undefined {
  const [entry, ...others] = scope.entries.filter(({ qualifiedOnly }) => qualifiedOnly !== true)
  if (entry?.target?.key !== SETTINGS_VIEW || others.length > 0) return undefined
  if (name !== undefined && !isName(name, entry)) return undefined
  for (const conjunct of conjuncts(where)) {
    const comparison = as(conjunct, 'A_Expr')
    if (!comparison || text(comparison, 'kind') !== 'AEXPR_OP' || !isName(comparison.lexpr, entry)) continue
    const operator = strings(list(comparison, 'name'))
    const value = operator.length === 1 && operator[0] === '=' ? constant(comparison.rexpr) : undefined
    if (value !== undefined) return value.toLowerCase()
  }
  return undefined
}

/** SET by another name. @param setting undefined: it may be any */
export function changeSetting(statement: Statement, setting: string | undefined, value: string | undefined, local: boolean): void {
  const { found, names } = statement
  if (setting === undefined) {
    act(found, 'set restricted')
    found.transitions.push({ kind: 'opaque' })
    return
  }
  const name = setting.toLowerCase()
  act(found, settingAction(name, value, names.view))
  found.transitions.push({ kind: 'set', name, ...(value !== undefined && { value }), local })
}

/** An UPDATE of pg_settings calls set_config for every row. */
export function updateSettings(statement: Statement, setting: string | undefined, value: string | undefined): void {
  statement.found.functions.add('pg_catalog.set_config')
  changeSetting(statement, setting, value, false)
}

function isName(value: unknown, entry: Entry): boolean {
  const parts = strings(list(as(value, 'ColumnRef') ?? {}, 'fields'))
  return parts[parts.length - 1] === 'name' && (parts.length === 1 || (parts.length === 2 && parts[0] === entry.name))
}

function conjuncts(condition: unknown): readonly unknown[] {
  const found: unknown[] = []
  const waiting = [condition]
  while (waiting.length > 0) {
    const next = waiting.pop()
    const both = as(next, 'BoolExpr')
    if (both && text(both, 'boolop') === 'AND_EXPR') waiting.push(...list(both, 'args'))
    else found.push(next)
  }
  return found
}
