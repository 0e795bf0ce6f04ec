import type {
  EgressResource,
  KubernetesResource,
  McpResource,
  ModelResource,
  PlainHttpResource,
  PostgresResource,
} from '../operations/index.ts'

/** Whatever is behind the https door. */
export type BehindHttps = PlainHttpResource | KubernetesResource | ModelResource | McpResource

/** Whatever can be reached. */
export type TargetResource = PostgresResource | BehindHttps | EgressResource

/** What a PostgreSQL client's connection says about where it wants to go. */
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

/** What a request says about where it wants to go. */
export interface RequestSelectors {
  /** The TLS server name. */
  readonly serverName?: string | undefined
  /** Of Host, without a port. */
  readonly host: string
  /** As it came, without the query. */
  readonly path: string
}

/** Where a request goes. */
export interface Routed {
  readonly resource: BehindHttps
  /** What of its path selected the resource, and is no part of what the target is asked: empty, or `/r/<name>`. */
  readonly prefix: string
}

/** Where a connection through the forward proxy goes: to a host as it is, or to the gateway in the name of somebody else. */
export type Proxied =
  /** `plain`: something else than TLS may be spoken there. */
  { readonly resource: EgressResource; readonly plain: boolean } | { readonly intercepted: BehindHttps }

/** What can be reached through this gateway. */
export interface Resources {
  /** In the order of the configuration. */
  readonly all: readonly TargetResource[]
  get(name: string): TargetResource | undefined
  /** The same of one kind; undefined also where the name is one of another kind. */
  postgres(name: string): PostgresResource | undefined
  /**
   * The option by resource name; without one the TLS server name among `hosts`; else the database among `aliases`.
   * Names that nothing knows select nothing, except that an option that names nothing lets nothing else select either:
   * whoever asked for one target by name must not arrive at another. A resource that nothing selects is never chosen, not even the only one.
   *
   * @returns undefined where nothing is selected; the caller says so without disclosing what exists
   * @throws ResourceError GS_RESOURCE_AMBIGUOUS where two of the three select different resources (PostgreSQL: 3D000)
   */
  select(selectors: Selectors): Selected | undefined
  /**
   * What is named where a connection through the forward proxy wants to go: a resource that is intercepted, at port 443; else the egress resource with
   * exactly this name and port; else one with a star for the first label.
   * @param authority the name in lower case, without the dot of the root
   */
  destination(authority: { readonly host: string; readonly port: number }): Proxied | undefined
  /**
   * By a Host among the `hosts` of a resource; under one of the gateway's own names by `/r/<resource>/` at the begin of the path.
   *
   * @param own the gateway's own names, in lower case
   * @returns undefined where nothing is selected; the caller says so without disclosing what exists
   * @throws ResourceError GS_RESOURCE_MISDIRECTED where the TLS server name is another than Host (RFC 9110 §15.5.20: 421)
   */
  route(selectors: RequestSelectors, own: ReadonlySet<string>): Routed | undefined
}
