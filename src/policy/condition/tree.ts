/**
 * The engine's syntax tree, as far as we read it. Its published types leave out what the checker adds, and that operands are what we think
 * they are is judged here rather than believed.
 */
export interface Node {
  readonly op: string
  readonly args: unknown
  readonly start: number
  readonly end: number
  /** After the check. */
  readonly checkedType?: { readonly name: string; readonly kind: string; readonly hasDynType: boolean }
}

export const isNode = (value: unknown): value is Node => value !== null && typeof value === 'object' && 'op' in value && 'args' in value

/** A call, either way of writing it: `size(x)` has no receiver, `x.size()` has. */
export interface Call {
  readonly name: string
  readonly receiver: Node | undefined
  readonly operands: readonly Node[]
  /** Calls another function instead. */
  rename(name: string): void
}

export function callOf(node: Node): Call | undefined {
  if (node.op !== 'call' && node.op !== 'rcall') return undefined
  const args = node.args as [string, ...unknown[]]
  const operands = (node.op === 'call' ? args[1] : args[2]) as readonly Node[]
  return {
    name: args[0],
    receiver: node.op === 'rcall' ? (args[1] as Node) : undefined,
    operands,
    rename: (name) => {
      args[0] = name
    },
  }
}

/** The nodes directly below, in the order in which they stand. */
export function below(node: Node): readonly Node[] {
  if (isNode(node.args)) return [node.args]
  return Array.isArray(node.args) ? (node.args as unknown[]).flat().filter(isNode) : []
}

/** A literal's value. */
export function literalOf(node: Node | undefined): unknown {
  return node?.op === 'value' ? node.args : undefined
}
