import type { Price } from './cost.ts'
import type { ModelApi } from './facts.ts'

/** What a rule may know of a target. The protocols add their own fields. */
export interface Resource {
  readonly name: string
  /** Its plane: rules speak of what happens there as `<kind>.<class>`. */
  readonly kind: 'postgres' | 'kubernetes' | 'http' | 'model' | 'mcp' | 'egress'
  readonly tags: readonly string[]
}

/** A PostgreSQL target and what selects it. */
export interface PostgresResource extends Resource {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  /** The connector behind which it is; absent: the gateway reaches it itself. */
  readonly via?: string
  /** TLS server names that select it. */
  readonly hosts: readonly string[]
  /** Database names that select it. */
  readonly aliases: readonly string[]
  /** The client's database name → the target's. A name that is absent is passed as it is; where the map is empty, all are. */
  readonly databases: ReadonlyMap<string, string>
}

/** A target behind the https door and what selects it. */
export interface HttpResource extends Resource {
  readonly kind: 'kubernetes' | 'http' | 'model' | 'mcp'
  readonly host: string
  readonly port: number
  /** The connector behind which it is; absent: the gateway reaches it itself. */
  readonly via?: string
  /** Names in Host, and TLS server names, that select it. */
  readonly hosts: readonly string[]
  /** Stands before every path at the target: empty, or `/v1` with no slash at its end. */
  readonly basePath: string
  /** Under which variables a job finds it, where the configuration says so. */
  readonly env?: JobVariables
  /** Whether what goes to its `hosts` through the forward proxy is answered here instead. */
  readonly intercept?: boolean
}

/** Names of variables of a job's environment. */
export interface JobVariables {
  /** Holds the URL that stands for the resource's address with its base path. */
  readonly url?: string
  /** Holds what opens it. */
  readonly token?: string
}

/** Any API of which nothing is known but HTTP. */
export interface PlainHttpResource extends HttpResource {
  readonly kind: 'http'
}

/** The API server of a Kubernetes cluster. */
export interface KubernetesResource extends HttpResource {
  readonly kind: 'kubernetes'
  /** Whether the cluster is told who asks, as `gatescribe:<issuer>:<subject>`, so that its own rules hold for them. */
  readonly impersonate: boolean
}

/** A model's API. */
export interface ModelResource extends HttpResource {
  readonly kind: 'model'
  readonly api: ModelApi
  /** Whether streamed answers are asked for what they used, or that is estimated where the API refuses to be asked. */
  readonly usage: 'ask' | 'estimate'
  /** By the name of the model. */
  readonly prices: ReadonlyMap<string, Price>
}

/** An MCP server in streamable HTTP. */
export interface McpResource extends HttpResource {
  readonly kind: 'mcp'
  /** Whether tools must be pinned by an operator before they are called, or those that are seen first are pinned by that. */
  readonly pin: 'required' | 'first'
}

/** What may be reached through the forward proxy, as it is and without a credential. */
export interface EgressResource extends Resource {
  readonly kind: 'egress'
  readonly hosts: readonly EgressHost[]
  /** Whether its names may stand for private addresses. */
  readonly private: boolean
}

export interface EgressHost {
  /** In lower case; `*.example.org` is every name with one label before it. */
  readonly name: string
  readonly ports: readonly PortUse[]
}

export interface PortUse {
  readonly port: number
  /** Whether something else than TLS may be spoken there, which nothing can be checked of. */
  readonly plain: boolean
}

/** Whether a resource is reached behind the https door. */
export const isBehindHttps = <Each extends Pick<Resource, 'kind'>>(
  resource: Each,
): resource is Exclude<Each, { readonly kind: 'postgres' } | { readonly kind: 'egress' }> =>
  resource.kind !== 'postgres' && resource.kind !== 'egress'
