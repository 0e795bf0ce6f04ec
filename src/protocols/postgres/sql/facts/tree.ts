/** A node of a parse tree, as libpg-query gives it: plain JSON, which may be anything at all. */
export type Tree = Readonly<Record<string, unknown>>

const NOTHING: Tree = {}
const EMPTY: readonly unknown[] = []

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The node in this field, or one without fields. */
export function tree(node: Tree, field: string): Tree {
  const value = node[field]
  return isTree(value) ? value : NOTHING
}

/** The list in this field, or an empty one. */
export function list(node: Tree, field: string): readonly unknown[] {
  const value = node[field]
  return Array.isArray(value) ? value : EMPTY
}

/** The text in this field; absent fields are empty texts in the grammar's own terms. */
export function text(node: Tree, field: string): string {
  const value = node[field]
  return typeof value === 'string' ? value : ''
}

/** The name of the only key of `{ SelectStmt: … }`; empty where the value is not such a node. */
export function typeOf(value: unknown): string {
  if (!isTree(value)) return ''
  for (const key in value) {
    const first = key.charCodeAt(0)
    return first >= 65 && first <= 90 && isTree(value[key]) ? key : ''
  }
  return ''
}

/** The fields of a node of this type; undefined where it is of another. */
export function as(value: unknown, type: string): Tree | undefined {
  if (!isTree(value)) return undefined
  const fields = value[type]
  return isTree(fields) ? fields : undefined
}

/** `{ String: { sval } }`; undefined for anything else. */
export function string(value: unknown): string | undefined {
  const fields = as(value, 'String')
  return fields ? text(fields, 'sval') : undefined
}

/** A name in parts, such as `schema.function`. Parts that are not strings are left out. */
export function strings(values: readonly unknown[]): string[] {
  const found: string[] = []
  for (const value of values) {
    const part = string(value)
    if (part !== undefined) found.push(part)
  }
  return found
}

/** The text of a constant; undefined where it is none, or NULL. A number that is 0 and a text that is empty have no field of their own. */
export function constant(value: unknown): string | undefined {
  const fields = as(value, 'A_Const')
  if (!fields) return string(value) ?? number(value)
  if (isTree(fields.sval)) return text(fields.sval, 'sval')
  if (isTree(fields.ival)) return String(fields.ival.ival ?? 0)
  if (isTree(fields.fval)) return text(fields.fval, 'fval')
  if (isTree(fields.boolval)) return fields.boolval.boolval === true ? 'true' : 'false'
  return undefined
}

function number(value: unknown): string | undefined {
  const integer = as(value, 'Integer')
  if (integer) return String(integer.ival ?? 0)
  const boolean = as(value, 'Boolean')
  if (boolean) return boolean.boolval === true ? 'true' : 'false'
  const float = as(value, 'Float')
  return float && text(float, 'fval')
}

/** Whether two trees are the same but for where they stand in the text. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((each, i) => same(each, other[i]))
  if (!isTree(one) || !isTree(other)) return false
  const keys = Object.keys(one).filter((key) => key !== 'location')
  return keys.length === Object.keys(other).filter((key) => key !== 'location').length && keys.every((key) => same(one[key], other[key]))
}
