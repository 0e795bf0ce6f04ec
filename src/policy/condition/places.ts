import { below, callOf, type Node } from './tree.ts'

/** The variable of a loop. */
export interface Bound {
  readonly name: string
  /** Whether it stands for parts of a fact, each once: what is below all of them together is no more than is below the fact. */
  readonly below: boolean
  /** Whether it stands for something in an object that is sent. */
  readonly object: boolean
}

/** `sql.reads` where that is what stands here, and no loop's variable is called so. */
export function factOf(node: Node, bound: readonly Bound[]): string | undefined {
  if (node.op === 'id') return node.args === 'now' && !isBound('now', bound) ? 'now' : undefined
  if (node.op !== '.') return undefined
  const [left, field] = node.args as readonly [Node, string]
  if (left.op === 'id') return isBound(left.args, bound) ? undefined : `${left.args as string}.${field}`
  const above = factOf(left, bound)
  return above === undefined ? undefined : `${above}.${field}`
}

/** Whether something is a part of what a loop around it goes through. */
export function isBelow(node: Node, bound: readonly Bound[]): boolean {
  const place = placeOf(node)
  return place !== undefined && variable(place, bound)?.below === true
}

/** The variable of a loop over this, and what is known of it. */
export function bind(name: string, over: Node | undefined, bound: readonly Bound[]): Bound {
  const place = over && placeOf(over)
  if (place === undefined) return { name, below: false, object: false }
  const of = variable(place, bound)
  return { name, below: of?.below ?? true, object: of?.object ?? OBJECT.test(place.path) }
}

/** Whether something is a part of an object that is sent, or of headers. */
export function isOfObject(node: Node, bound: readonly Bound[]): boolean {
  const place = placeOf(node)
  if (place === undefined) return false
  return variable(place, bound)?.object ?? (OBJECT.test(place.path) || place.path.startsWith('http.headers.'))
}

/** Whether an object that is sent, or a part of it, is named anywhere in something. */
export function namesObject(node: Node, bound: readonly Bound[]): boolean {
  return isOfObject(node, bound) || below(node).some((each) => namesObject(each, bound))
}

const OBJECT = /^(k8s[.](object|patch)|tool[.]arguments)([.]|$)/

/** Where something stands: the variable that it begins with, and the way from there, without the places in lists. */
interface Place {
  readonly root: string
  readonly path: string
}

function placeOf(node: Node): Place | undefined {
  if (node.op === 'id') return { root: node.args as string, path: node.args as string }
  // What a filter leaves is part of what it went through.
  const call = callOf(node)
  if (call) return call.name === 'filter' && call.receiver ? placeOf(call.receiver) : undefined
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [left, field] = node.args as readonly [Node, unknown]
  const place = placeOf(left)
  return place && { root: place.root, path: node.op === '.' ? `${place.path}.${String(field)}` : place.path }
}

const variable = ({ root }: Place, bound: readonly Bound[]) => bound.findLast(({ name }) => name === root)

const isBound = (id: unknown, bound: readonly Bound[]) => bound.some(({ name }) => name === id)
