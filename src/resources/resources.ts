import type { PostgresResource } from '../operations/index.ts'

/** What a client's connection says about where it wants to go. */
export interface Selectors {
  /** The start-up option `gatescribe.resource`. */
  readonly option?: string | undefined
  /** The TLS server name. */
  readonly serverName?: string | undefined
  /** The database of the start-up packet. */
  readonly database?: string | undefined
}

/** Where a connection goes. */
export interface Selected {
  readonly resource: PostgresResource
  /** The target's own name of the database; undefined where the client named none. */
  readonly database: string | undefined
}

/** What can be reached through this gateway. */
export interface Resources {
  /** In the order of the configuration. */
  readonly all: readonly PostgresResource[]
  get(name: string): PostgresResource | undefined
  /**
   * The option by resource name; without one the TLS server name among `hosts`; else the database among `aliases`.
   * Names that nothing knows select nothing, except that an option that names nothing lets nothing else select either:
   * whoever asked for one target by name must not arrive at another. A resource that nothing selects is never chosen, not even the only one.
   *
   * @returns undefined where nothing is selected; the caller says so without disclosing what exists
   * @throws ResourceError GS_RESOURCE_AMBIGUOUS where two of the three select different resources (PostgreSQL: 3D000)
   */
  select(selectors: Selectors): Selected | undefined
}
