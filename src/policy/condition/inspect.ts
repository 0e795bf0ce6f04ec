import { RuleError } from '../errors.ts'
import { inZone, isZone } from './calendar.ts'
import { OWN } from './engine.ts'
import { FACTS } from './facts.ts'
import { isPattern, LONGEST_PATTERN } from './patterns.ts'
import { type Bound, bind, factOf, isBelow, isOfObject, namesObject } from './places.ts'
import { below, callOf, literalOf, type Node } from './tree.ts'

/** What a condition asks for, and what it may cost. */
export interface Inspection {
  /** As written, from the root: `sql.reads`, `sql.columns.written`, `now`. */
  readonly facts: ReadonlySet<string>
  /** How deep loops over lists stand in one another, those over parts of what an outer one goes through aside; 0: no loop. */
  readonly depth: number
  readonly loops: number
  readonly matchesInLoops: boolean
  /** Lists that an `all()` goes through without anything else being said of them: over an empty one it is true. */
  readonly perhapsEmpty: readonly string[]
}

const operators = new Set([
  ...['value', 'id', '.', '[]', 'call', 'rcall', 'list', '?:', '||', '&&', '!_', '-_'],
  ...['==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%'],
])
/** Name → how many operands it takes without a receiver, and with one. */
const functions: Readonly<Record<string, { readonly alone?: number; readonly on?: readonly number[] }>> = {
  has: { alone: 1 },
  size: { alone: 1, on: [0] },
  startsWith: { on: [1] },
  endsWith: { on: [1] },
  contains: { on: [1] },
  matches: { on: [1] },
  all: { on: [2] },
  exists: { on: [2] },
  exists_one: { on: [2] },
  filter: { on: [2] },
  map: { on: [2, 3] },
  timestamp: { alone: 1 },
  duration: { alone: 1 },
  ...Object.fromEntries(Object.keys(inZone).map((name) => [name, { on: [0, 1] }])),
}
const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=', 'in'])
const loops = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/
const span = /^-?\d{1,9}(\.\d{1,3})?(h|m|s|ms)$/
const INT_MAX = 2n ** 63n - 1n

/**
 * Goes through the tree before it is checked: only what is on our list, literals where a value decides what a call costs or means, and
 * calls that the engine must not answer renamed to ours.
 *
 * @throws RuleError
 */
export function inspect(root: Node, text: string): Inspection {
  const facts = new Set<string>()
  const alls = new Map<string, number>()
  const spoken = new Set<string>()
  let depth = 0
  let count = 0
  let matchesInLoops = false
  const source = (node: Node) => text.slice(node.start, node.end)

  const visit = (node: Node, inside: number, bound: readonly Bound[]): void => {
    if (!operators.has(node.op)) throw new RuleError(`Maps and optional values cannot be used in conditions.`, undefined, node.start)
    const path = factOf(node, bound)
    if (path !== undefined) facts.add(known(path))
    const call = callOf(node)
    if (call === undefined) {
      judgeLiteral(node)
      judgeChain(node, text)
      const [, right] = below(node)
      if (node.op === 'in' && inside > 0 && right !== undefined && right.op !== 'list' && !isBelow(right, bound))
        depth = Math.max(depth, inside + 1)
      if (['==', '!='].includes(node.op)) {
        for (const side of below(node)) spoken.add(source(side))
        // Objects are compared with all that is in them.
        if (inside > 0 && below(node).some((side) => namesObject(side, bound) && !isBelow(side, bound))) depth = Math.max(depth, inside + 1)
      }
      for (const each of below(node)) visit(each, inside, bound)
      return
    }
    const { name, receiver, operands } = call
    judgeCall(node, name, receiver, operands)
    if (name === 'has') judgeHas(operands[0] as Node, bound)
    if (loops.has(name)) {
      const variable = operands[0]
      if (variable?.op !== 'id')
        throw new RuleError(
          `The first operand of ${name}() is the name of a variable.`,
          `Write for example sql.reads.${name}(t, t.startsWith("staging.")).`,
          node.start,
        )
      count += 1
      const through = inside > 0 && receiver !== undefined && isBelow(receiver, bound) ? inside : inside + 1
      depth = Math.max(depth, through)
      if (receiver) {
        if (name === 'all') alls.set(source(receiver), receiver.start)
        else if (name.startsWith('exists')) spoken.add(source(receiver))
        visit(receiver, inside, bound)
      }
      const next = bind(variable.args as string, receiver, bound)
      for (const each of operands.slice(1)) visit(each, through, [...bound, next])
      return
    }
    if (name === 'size') spoken.add(source((receiver ?? operands[0]) as Node))
    if (name === 'matches' && inside > 0) matchesInLoops = true
    if (name === 'matches') call.rename(OWN.matches)
    else if (Object.hasOwn(inZone, name) && operands.length === 1) call.rename(OWN.calendar(name))
    for (const each of receiver ? [receiver, ...operands] : operands) visit(each, inside, bound)
  }

  visit(root, 0, [])
  return {
    facts,
    depth,
    loops: count,
    matchesInLoops,
    perhapsEmpty: [...alls.keys()].filter((list) => !spoken.has(list) && !list.startsWith('[')),
  }
}

/** What is below an object, or a header, is that one fact. */
const known = (path: string) => path.match(/^(k8s\.object|k8s\.patch|http\.headers|tool\.arguments)\./)?.[1] ?? path

function judgeLiteral(node: Node): void {
  if (node.op !== 'value') return
  const value = node.args
  if (typeof value === 'string' || typeof value === 'boolean') return
  // Also for the smallest one, which is written with a minus sign: nobody needs it.
  if (typeof value === 'bigint' && value <= INT_MAX) return
  throw new RuleError(
    'Literals are strings, whole numbers of 64 bits, true and false.',
    'Write for example "staging.", 10 or true.',
    node.start,
  )
}

/** The engine binds `==` more loosely than `<` and `in`; CEL's grammar has them on one level. Nobody should have to know which. */
function judgeChain(node: Node, text: string): void {
  if (!comparisons.has(node.op)) return
  for (const side of below(node)) {
    if (comparisons.has(side.op) && !inParentheses(side, text)) {
      throw new RuleError('Comparisons stand in a row.', 'Put parentheses around one of them: (a < b) == c.', node.start)
    }
  }
}

/** Places in the tree leave out parentheses: those that belong to the node's own parts are found again first, then one more pair is asked for. */
function inParentheses({ start, end }: Node, text: string): boolean {
  const plain = withoutStrings(text)
  let [left, right] = [plain.slice(0, start).trimEnd(), plain.slice(end).trimStart()]
  let open = 0
  let missing = 0
  for (const sign of plain.slice(start, end)) {
    if (sign === '(') open += 1
    else if (sign === ')' && open > 0) open -= 1
    else if (sign === ')') missing += 1
  }
  for (; missing > 0; missing--) left = left.slice(0, -1).trimEnd()
  for (; open > 0; open--) right = right.slice(1).trimStart()
  return left.endsWith('(') && right.startsWith(')')
}

/** The same length, with nothing in strings and comments that could be taken for syntax. */
const withoutStrings = (text: string) =>
  text.replace(/"""[\s\S]*?"""|'''[\s\S]*?'''|"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|\/\/.*$/gm, (literal) => ' '.repeat(literal.length))

function judgeCall(node: Node, name: string, receiver: Node | undefined, operands: readonly Node[]): void {
  const shape = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (shape === undefined) {
    throw new RuleError(
      `There is no function ${name} in conditions.`,
      `The functions are ${Object.keys(functions).join(', ')}.`,
      node.start,
    )
  }
  const fits = receiver === undefined ? shape.alone === operands.length : (shape.on?.includes(operands.length) ?? false)
  if (!fits) throw new RuleError(`${name} is not called like this.`, `Write it as docs/rules.md shows it.`, node.start)
  const literal = literalOf(operands[0])
  if (name === 'matches' && !(typeof literal === 'string' && isPattern(literal))) {
    throw new RuleError(
      'The pattern of matches() is not a regular expression that can be matched in linear time.',
      `Write it as a literal in RE2 syntax of at most ${LONGEST_PATTERN} characters: no back-references, no look-around.`,
      node.start,
    )
  }
  if (Object.hasOwn(inZone, name) && operands.length === 1 && !(typeof literal === 'string' && isZone(literal))) {
    throw new RuleError('This time zone is not known.', 'Write one as a literal: "UTC", "Europe/Berlin", "+02:00".', node.start)
  }
  if (name === 'timestamp' && !(typeof literal === 'string' && rfc3339.test(literal) && !Number.isNaN(Date.parse(literal)))) {
    throw new RuleError('This is not a moment.', 'Write it as a literal with its time zone: timestamp("2026-12-01T06:00:00Z").', node.start)
  }
  if (name === 'duration' && !(typeof literal === 'string' && span.test(literal))) {
    throw new RuleError('This is not a duration.', 'Write it as a literal with h, m, s or ms: duration("90m").', node.start)
  }
}

/** The engine does not look at what stands in `has()`: a field that does not exist would be absent, and that is a mistake in a rule. */
function judgeHas(operand: Node, bound: readonly Bound[]): void {
  const path = factOf(operand, bound)
  if (path !== undefined && fieldType(path) !== undefined) return
  if (isOfObject(operand, bound)) return
  throw new RuleError(
    'has() takes a fact.',
    'Write for example has(run.repository); what is not known is an error there too.',
    operand.start,
  )
}

function fieldType(path: string): string | undefined {
  const [root = '', field = '', inner] = path.split('.')
  const fields: Readonly<Record<string, Readonly<Record<string, string>>>> = FACTS
  if (inner !== undefined) return root === 'sql' && field === 'columns' ? fields.columns?.[inner] : undefined
  return root !== 'columns' && Object.hasOwn(fields, root) ? fields[root]?.[field] : undefined
}

/**
 * After the check: every part has a type that facts can have, and lists are gone through but not joined.
 * @param objects whether it names objects that are sent, of which no type is known
 * @throws RuleError
 */
export function judgeTypes(node: Node, objects: boolean): void {
  const type = node.checkedType
  if (type !== undefined && !(objects ? objectTypes : types).test(type.name)) {
    throw new RuleError(`Values of type ${type.name} cannot be used in conditions.`, undefined, node.start)
  }
  if (node.op === '+' && type?.kind === 'list') throw new RuleError('Lists cannot be joined.', 'Go through each of them.', node.start)
  if (arithmetic.has(node.op) && below(node).some(({ checkedType }) => checkedType?.kind === 'dyn')) {
    throw new RuleError('What is in an object can be compared, and not computed with.', undefined, node.start)
  }
  if (node.op === '[]' && !elements.has(below(node)[0]?.checkedType?.kind ?? '')) {
    throw new RuleError('Only lists have elements.', 'Write a field with a dot: sql.reads.', node.start)
  }
  const call = callOf(node)
  if (call?.name === 'has') return
  for (const each of below(node)) judgeTypes(each, objects)
}

const types =
  /^(map<string, string>|(list<)*(bool|string|int|T|Sql|Columns|K8s|Http|Model|Tool|Egress|Principal|Run|Resource|Session|google\.protobuf\.(Timestamp|Duration))>*)$/
const objectTypes =
  /^(map<string, string>|(list<)*(dyn|bool|string|int|T|Sql|Columns|K8s|Http|Model|Tool|Egress|Principal|Run|Resource|Session|google\.protobuf\.(Timestamp|Duration))>*)$/
const arithmetic = new Set(['+', '-', '*', '/', '%', '-_'])
const elements = new Set(['list', 'map', 'dyn'])
