/** What a run may open, as the token door answers it. What a newer gateway adds is not looked at. */
export interface PlaneAnswers {
  readonly postgres: PostgresAnswer
  readonly kubernetes?: HttpsAnswer
  readonly http?: HttpsAnswer
  readonly model?: HttpsAnswer
  readonly mcp?: HttpsAnswer
  readonly proxy?: ProxyAnswer
  /** Where traces go, with the credential of any plane behind the https door. */
  readonly otlp?: { readonly url: string }
}

export interface PostgresAnswer {
  readonly credential: string
  readonly user: string
  /** Both absent where the gateway has no door for PostgreSQL. */
  readonly host?: string
  readonly port?: number
  /** What the run may open; absent where the gateway does not say. */
  readonly resources?: readonly { readonly name: string; readonly databases: readonly string[] }[]
}

/** A plane behind the https door. */
export interface HttpsAnswer {
  readonly credential: string
  readonly host: string
  readonly port: number
  readonly resources: readonly ReachableResource[]
}

export interface ReachableResource {
  readonly name: string
  readonly url: string
  /** Of a model: whose API it speaks. */
  readonly api?: string
  /** Variables under which a job looks for it, as its operator named them. */
  readonly env?: { readonly url?: string; readonly token?: string }
}

export interface ProxyAnswer {
  readonly credential: string
  readonly host: string
  readonly port: number
  /** PEM of the authority that signs for intercepted names. */
  readonly ca?: string
}
