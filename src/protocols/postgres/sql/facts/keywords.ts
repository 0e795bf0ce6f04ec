import { functionNamed } from './names.ts'
import type { Scope } from './scope.ts'
import { call, type Handler, type Statement } from './statement.ts'
import type { Tree } from './tree.ts'
import { walkFields } from './walk.ts'

/** PostgreSQL 17 has all of them as keywords; before, these are names like any other, and may be those of a user's functions. */
const KEYWORDS_SINCE = 170_000

const NAMES: Readonly<Record<string, readonly string[]>> = {
  JsonArrayAgg: ['json_arrayagg'],
  JsonArrayConstructor: ['json_array'],
  JsonArrayQueryConstructor: ['json_array'],
  JsonFuncExpr: ['json_exists', 'json_query', 'json_value'],
  JsonObjectAgg: ['json_objectagg'],
  JsonObjectConstructor: ['json_object'],
  JsonParseExpr: ['json'],
  JsonScalarExpr: ['json_scalar'],
  JsonSerializeExpr: ['json_serialize'],
  MergeSupportFunc: ['merge_action'],
}

function mayCall(statement: Statement, type: string): void {
  const { names } = statement
  if (names.catalog && names.catalog.serverVersion >= KEYWORDS_SINCE) return
  for (const name of NAMES[type] ?? []) {
    const callee = functionNamed(names, '', name)
    if (callee.userCode && !(names.catalog && callee.missing)) call(statement, callee)
  }
}

const plain: Handler = (statement: Statement, fields: Tree, scope: Scope) => {
  walkFields(statement, fields, scope)
  return undefined
}

/** The same handlers, and for what has none one that walks the fields, which also look for functions of users that an older server calls. */
export function withKeywords(handlers: readonly (readonly [string, Handler])[]): readonly (readonly [string, Handler])[] {
  const known = new Map(handlers)
  const more = Object.keys(NAMES).map((type): [string, Handler] => {
    const handler = known.get(type) ?? plain
    return [
      type,
      (statement, fields, scope) => {
        mayCall(statement, type)
        return handler(statement, fields, scope)
      },
    ]
  })
  return [...handlers, ...more]
}
