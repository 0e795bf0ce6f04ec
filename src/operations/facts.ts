/**
 * One thing that an operation does: an action, and the one class that the action belongs to, of its plane. PostgreSQL's actions are command tags
 * in lower case and a few more for what has no tag; docs/<plane>-effects.md lists those of each.
 */
export interface Effect {
  readonly class: string
  readonly action: string
}

/**
 * What an operation is, as far as rules may know. Effects are always known: what is not understood has the effect `opaque`. Any other
 * fact that is absent is *unknown*, and never empty or false: a rule that asks for it gets an error.
 */
export interface Facts {
  /** Distinct, sorted by class and action. Every one of them must be allowed. */
  readonly effects: readonly Effect[]
  readonly sql?: SqlFacts
  readonly k8s?: KubernetesFacts
  readonly http?: HttpFacts
  readonly model?: ModelFacts
  readonly tool?: ToolFacts
  readonly egress?: EgressFacts
}

/**
 * Facts of SQL. Names are `schema.name`, resolved as the server does; where others can make it resolve a name to another relation of the search
 * path, that one is told too. Lists are distinct and sorted. Absent is unknown.
 */
export interface SqlFacts {
  /** Version of the catalog by which names were resolved. */
  readonly catalog?: string
  /** Statements in the message. */
  readonly statements: number
  /**
   * Relations that are read, also through views, partitions and inheritance in both directions. What is updated, deleted or altered is read
   * too: the error of a constraint shows the row that it is about.
   */
  readonly reads?: readonly string[]
  /** Relations that are written, also through views, partitions, inheritance and cascading foreign keys. */
  readonly writes?: readonly string[]
  /** Columns as `schema.relation.column`, by use. `schema.relation.*` stands for a whole row. */
  readonly columns?: {
    readonly output: readonly string[]
    readonly predicate: readonly string[]
    readonly written: readonly string[]
    /** Those whose values may flow into what is written or stored. Absent is unknown. */
    readonly sources?: readonly string[]
    /**
     * Those whose values may decide, within the making of a result, whether the statement fails or which way it takes: whoever sees no
     * value sees that. Absent is unknown.
     */
    readonly tests?: readonly string[]
  }
  /** Functions that are called, `schema.name`, built-in ones included. */
  readonly functions?: readonly string[]
  /** Whether every UPDATE and DELETE restricts a column of its target by something that is not constantly true. */
  readonly bounded?: boolean
  /** Of the session when the operation was decided. Absent while something is in flight that may change it. */
  readonly transaction?: 'idle' | 'open' | 'failed'
}

/** What JSON can say. Numbers are as JavaScript reads them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/**
 * Facts of a request to a Kubernetes API server, as that one computes them from the canonical path and query. Absent is unknown; `''` is what
 * Kubernetes itself calls empty: the core group, no subresource, a namespace of what has none, the name of a list.
 */
export interface KubernetesFacts {
  /** As its authorizers see it: `get`, `list`, `deletecollection` …; of a path that is no resource the method in lower case. */
  readonly verb: string
  readonly group?: string
  readonly version?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  /** The path where it is no resource, such as `/version`; `''` where it is one. */
  readonly path?: string
  /** exec: every argument, in order. Empty for what runs none. */
  readonly command?: readonly string[]
  /** The container that exec, attach and logs name; `''` where they leave it to the server. */
  readonly container?: string
  /** Whether exec or attach asks for an input: then what is sent there comes later, and nobody has seen it. */
  readonly stdin?: boolean
  /** Of the user that it is to be done as (`kubectl --as`); `''` where it is done as whoever asks. */
  readonly asUser?: string
  readonly asGroups?: readonly string[]
  /** Whether the server is asked to change nothing. */
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** The object as sent, of create and update. Not in the record: the request is. */
  readonly object?: Json
  /** What a patch says; `apply` is server-side apply. Not in the record: the request is. */
  readonly patch?: { readonly type: 'json' | 'merge' | 'strategic' | 'apply'; readonly content: Json }
}

/** Facts of an HTTP request. */
export interface HttpFacts {
  /** Upper case, as sent. */
  readonly method: string
  /** Lower case, without the port. */
  readonly host: string
  /** Canonical, without the query. */
  readonly path: string
  /** Canonical, without the question mark; `''` where there is none. */
  readonly query?: string
  /** By name in lower case; those that came twice are joined by a comma. Never a credential. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Facts of a request to a model's API, or of a tool call in an answer of it. */
export interface ModelFacts {
  /** What its API speaks like. */
  readonly provider: ModelApi
  readonly endpoint: 'chat' | 'responses' | 'embeddings' | 'completions' | 'messages' | 'countTokens' | 'models'
  /** As the client names it; of Azure the deployment. */
  readonly model?: string
  /** Names of the tools that are offered to the model; distinct and sorted. */
  readonly tools?: readonly string[]
  readonly stream?: boolean
  /** Tokens of what is sent, as the gateway estimates them. */
  readonly estimatedTokens?: number
  /** The most that the answer may have, where the request says it. */
  readonly maxTokens?: number
  /** Of a tool call in an answer: the names that it calls, distinct and sorted. Absent of everything else. */
  readonly toolCalls?: readonly string[]
}

/** What a model's API speaks like. */
export type ModelApi = 'openai' | 'anthropic' | 'azure-openai'

/** Facts of a message of MCP. */
export interface ToolFacts {
  /** The resource. */
  readonly server: string
  /** `tools/call`; `''` of what has none, such as the end of a session. */
  readonly method: string
  /** Of the tool or prompt; `''` where the message names none. */
  readonly name?: string
  /** What a tool or prompt is called with. Not in the record: the request is. */
  readonly arguments?: Json
  /** Of the resource of MCP that is read; `''` where the message names none. */
  readonly uri?: string
}

/** Facts of a connection through the forward proxy. */
export interface EgressFacts {
  /** Lower case, without the dot of the root. */
  readonly host: string
  readonly port: number
}
