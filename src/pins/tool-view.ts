import type { ToolDefinition } from '../operations/index.ts'

/** One tool of one server, as whoever pins sees it. Moments in ms since the epoch. */
export interface ToolView {
  readonly resource: string
  readonly name: string
  /** unpinned — never let pass; changed — the server offers something else now; pinned — as it was pinned, as far as is known. */
  readonly standing: 'unpinned' | 'changed' | 'pinned'
  readonly pinned?: PinnedView
  /** What was offered last, where it is not what is pinned. */
  readonly offered?: OfferedView
}

export interface OfferedView {
  readonly digest: string
  readonly definition: ToolDefinition
  readonly at: number
}

export interface PinnedView extends OfferedView {
  /** Who pinned it, as entries name them. */
  readonly by: string
}

/** What is to be looked at before it is pinned. */
export interface PinnableTools {
  readonly tools: readonly ToolView[]
  /** Stands for exactly these, as they are offered: whoever pins names it. Undefined where there are none. */
  readonly digest: string | undefined
}
