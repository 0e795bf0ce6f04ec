import { createHash } from 'node:crypto'
import type { Json, ToolDefinition } from '../operations/index.ts'

/** Nesting of a definition; a schema has perhaps ten. */
const MAX_DEPTH = 64
/** Bytes of one definition in canonical form. */
export const MAX_DEFINITION_BYTES = 256 * 1024
/** What a log, a terminal and a rule can all say without being misread; the specification allows less still (MCP 2025-11-25, "Tool Names"). */
const NAME = /^[\x21-\x7e]{1,128}$/

/** A definition as it is kept and compared. */
export interface DigestedTool {
  readonly name: string
  readonly digest: string
  /** RFC 8785: two definitions mean the same where these are the same. */
  readonly text: string
}

/** @returns `why` where it can be neither shown nor compared safely: a clause */
export function digestTool(tool: ToolDefinition): DigestedTool | { readonly why: string } {
  if (typeof tool.name !== 'string' || !NAME.test(tool.name))
    return { why: 'its name is not 1 to 128 printable ASCII characters without a space' }
  const text = canonical(tool, 0)
  if (text === undefined) return { why: `it is nested more than ${MAX_DEPTH} deep, or holds a number that is none` }
  if (Buffer.byteLength(text) > MAX_DEFINITION_BYTES) return { why: `it is larger than ${MAX_DEFINITION_BYTES} bytes` }
  return { name: tool.name, digest: sha256(text), text }
}

/**
 * Names several definitions at once: whoever says it has seen exactly these.
 * @param tools in any order
 */
export function selectionDigest(tools: readonly { readonly name: string; readonly digest: string }[]): string {
  const lines = tools.map(({ name, digest }) => `${name} ${digest}\n`).sort()
  return sha256(lines.join(''))
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** RFC 8785: names sorted by UTF-16 code units, numbers and strings as ECMAScript writes them. Undefined where it may not be. */
function canonical(value: Json, depth: number): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : undefined
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (depth === MAX_DEPTH) return undefined
  const parts: string[] = []
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) {
      const part = canonical(item, depth + 1)
      if (part === undefined) return undefined
      parts.push(part)
    }
    return `[${parts.join(',')}]`
  }
  const members = value as { readonly [name: string]: Json }
  for (const name of Object.keys(members).sort()) {
    const part = canonical(members[name]!, depth + 1)
    if (part === undefined) return undefined
    parts.push(`${JSON.stringify(name)}:${part}`)
  }
  return `{${parts.join(',')}}`
}
