import type { ToolDefinition } from '../operations/index.ts'

/** A definition as an entry tells of it. */
export interface RecordedTool {
  readonly name: string
  readonly digest: string
  readonly definition: ToolDefinition
  /** Digest of what was pinned under this name before. */
  readonly before?: string
}

/** Tells the trail. */
export interface PinRecords {
  /** Definitions that were never offered before, under names that are not pinned. */
  seen(resource: string, tools: readonly RecordedTool[]): void
  /** Definitions in place of others that are pinned. */
  changed(resource: string, tools: readonly RecordedTool[]): void
  /** The first list of a server was pinned by itself, since the configuration says so. */
  pinnedFirst(resource: string, tools: readonly RecordedTool[]): void
  /** @param by who pins, as entries name them @throws TrailError: then nothing is pinned */
  pinned(resource: string, tools: readonly RecordedTool[], by: string): Promise<void>
  /** @throws TrailError: then it stays pinned */
  unpinned(resource: string, tools: readonly RecordedTool[], by: string): Promise<void>
}
