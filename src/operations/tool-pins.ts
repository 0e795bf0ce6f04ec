import type { Json } from './facts.ts'

/** A tool as an MCP server offers it (MCP 2025-11-25, "Tools"): whatever stands in it is read by somebody, a model first. */
export interface ToolDefinition {
  readonly name: string
  readonly [field: string]: Json
}

/** How a definition that a server offers stands to what was pinned. Only what is `pinned` may be shown or called. */
export type ToolStanding =
  | { readonly name: string; readonly digest: string; readonly standing: 'pinned' | 'unpinned' | 'changed' }
  /** It cannot be pinned at all; `why` is a clause without a byte of the server's. */
  | { readonly name: string; readonly standing: 'refused'; readonly why: string }

/** A definition that somebody pinned. */
export interface PinnedTool {
  readonly name: string
  /** `sha256:` and 64 hexadecimal digits, over every field of it. */
  readonly digest: string
  readonly definition: ToolDefinition
  /** changed — what the server offered last under this name is something else. */
  readonly standing: 'pinned' | 'changed'
}

/** Which tools of which MCP servers somebody looked at and let pass, as a protocol sees it. */
export interface ToolPins {
  /**
   * Holds what a server offers against what is pinned, and keeps what is new for whoever pins. What is new is recorded.
   * @param resource its name @returns one standing per definition, in their order
   */
  check(resource: string, tools: readonly ToolDefinition[]): readonly ToolStanding[]
  /** Undefined where nothing of this name is pinned there. */
  definition(resource: string, name: string): PinnedTool | undefined
}
