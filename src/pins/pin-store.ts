/** A definition as it is kept. */
export interface StoredTool {
  readonly resource: string
  readonly name: string
  readonly digest: string
  /** In canonical form. */
  readonly text: string
  /** When it was pinned, or seen first: ms since the epoch. */
  readonly at: number
}

export interface StoredPin extends StoredTool {
  /** Who pinned it, as entries name them. */
  readonly by: string
}

/** Where definitions survive a restart. Every change is durable when the call returns. */
export interface PinStore {
  pins(): readonly StoredPin[]
  /** What was offered last of what is not pinned, or is pinned otherwise; in the order in which it was seen. */
  seen(): readonly StoredTool[]
  /** Replaces what was seen under these names, and forgets what was seen under others. */
  see(tools: readonly StoredTool[], forget: readonly Pick<StoredTool, 'resource' | 'name'>[]): void
  /** Pins these in place of what was pinned under their names; as seen, they are gone. */
  pin(pins: readonly StoredPin[]): void
  /** Takes pins back; `seen` are seen from now on. */
  unpin(pins: readonly Pick<StoredTool, 'resource' | 'name'>[], seen: readonly StoredTool[]): void
}
