import type { ToolView } from '../../pins/index.ts'

/** Tools of MCP servers, and which of them somebody looked at and let pass: docs/tool-pins.md. */
export interface ToolOperator {
  /** Everything that is pinned or was seen, sorted by resource and name. */
  tools(): Promise<readonly ToolView[]>
  /**
   * Some tools of one resource, or all of it, to be looked at. @param names all where there are none
   * @throws CodedError GS_GATEWAY_NO_RESOURCE, GS_PINS_NOTHING_SEEN, GS_PINS_UNKNOWN_TOOL
   */
  toolsOf(resource: string, names: readonly string[]): Promise<ShownTools>
  /**
   * Pins, of the tools of these names, those that are not pinned as they are offered. Recorded as `tools.pinned` first.
   * @param digest as `toolsOf` said it of the same names: what was not shown is not pinned
   * @throws CodedError the same, GS_PINS_NOTHING_NEW, GS_PINS_NOT_SHOWN
   */
  pinTools(resource: string, names: readonly string[], digest: string): Promise<readonly ToolView[]>
  /** Takes pins back. Recorded as `tools.unpinned` first. @throws CodedError GS_PINS_NOT_PINNED */
  unpinTools(resource: string, names: readonly string[]): Promise<readonly ToolView[]>
}

export interface ShownTools {
  readonly tools: readonly ToolView[]
  /** Stands for those of them that are not pinned as they are offered; absent where all are. */
  readonly digest?: string
}
