/** What a rule may know of a target. The protocols add their own fields. */
export interface Resource {
  readonly name: string
  /** Its plane: rules speak of what happens there as `<kind>.<class>`. */
  readonly kind: 'postgres' | 'kubernetes' | 'http'
  readonly tags: readonly string[]
}

/** A PostgreSQL target and what selects it. */
export interface PostgresResource extends Resource {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  /** TLS server names that select it. */
  readonly hosts: readonly string[]
  /** Database names that select it. */
  readonly aliases: readonly string[]
  /** The client's database name → the target's. A name that is absent is passed as it is; where the map is empty, all are. */
  readonly databases: ReadonlyMap<string, string>
}

/** A target behind the https door and what selects it. */
export interface HttpResource extends Resource {
  readonly kind: 'kubernetes' | 'http'
  readonly host: string
  readonly port: number
  /** Names in Host, and TLS server names, that select it. */
  readonly hosts: readonly string[]
  /** Stands before every path at the target: empty, or `/v1` with no slash at its end. */
  readonly basePath: string
}

/** The API server of a Kubernetes cluster. */
export interface KubernetesResource extends HttpResource {
  readonly kind: 'kubernetes'
  /** Whether the cluster is told who asks, as `gatescribe:<issuer>:<subject>`, so that its own rules hold for them. */
  readonly impersonate: boolean
}
