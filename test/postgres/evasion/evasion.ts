/** An attempt at what is forbidden. */
export interface Evasion {
  /** Unique; says what is tried. */
  readonly name: string
  /** Where it is from: a checklist of gateways, something published, or found here with the server as judge. */
  readonly from: 'checklist' | 'published' | 'found'
  /** Sent one after the other in one session. A single one is sent in every variant that can carry it. */
  readonly steps: readonly string[]
  /** Settings with which the session begins, such as client_encoding. */
  readonly settings?: Readonly<Record<string, string>>
  /**
   * Why it does no harm at this server even where nothing governs it: it is refused, or does something else there. It is here because it
   * would on another one, or because a reader of SQL may take it for harmless or harmful wrongly.
   */
  readonly harmless?: string
}

export const evasions = (from: Evasion['from'], all: Readonly<Record<string, string | readonly string[]>>): Evasion[] =>
  Object.entries(all).map(([name, steps]) => ({ name, from, steps: typeof steps === 'string' ? [steps] : steps }))
