/** What a rule may know of a target. The protocols add their own fields. */
export interface Resource {
  readonly name: string
  readonly kind: 'postgres'
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
