import type { JobVariables, ModelApi } from '../../operations/index.ts'

const text = { type: 'string' } as const
const count = { type: 'integer' } as const

export const errorAnswer = {
  type: 'object',
  required: ['error', 'error_description', 'code', 'next'],
  additionalProperties: false,
  properties: { error: text, error_description: text, code: text, next: text },
} as const

export const runAnswer = {
  type: 'object',
  required: ['run', 'state', 'expires_in', 'sessions'],
  additionalProperties: false,
  properties: { run: text, state: text, expires_in: count, sessions: count, suspended: { type: 'boolean' } },
} as const

const httpsPlane = {
  type: 'object',
  required: ['credential', 'expires_in', 'host', 'port', 'resources'],
  additionalProperties: false,
  properties: {
    credential: text,
    expires_in: count,
    host: text,
    port: count,
    resources: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'url'],
        additionalProperties: false,
        properties: {
          ...{ name: text, url: text, api: text },
          env: { type: 'object', additionalProperties: false, properties: { url: text, token: text } },
        },
      },
    },
  },
} as const

export const exchangeAnswer = {
  type: 'object',
  required: ['access_token', 'issued_token_type', 'token_type', 'expires_in', 'gatescribe'],
  additionalProperties: false,
  properties: {
    access_token: text,
    issued_token_type: text,
    token_type: text,
    expires_in: count,
    gatescribe: {
      type: 'object',
      required: ['run', 'joined', 'planes'],
      additionalProperties: false,
      properties: {
        run: text,
        joined: { type: 'boolean' },
        planes: {
          type: 'object',
          additionalProperties: false,
          properties: {
            postgres: {
              type: 'object',
              required: ['credential', 'user', 'expires_in'],
              additionalProperties: false,
              properties: {
                ...{ credential: text, user: text, expires_in: count, host: text, port: count },
                resources: {
                  type: 'array',
                  items: {
                    type: 'object',
                    required: ['name', 'databases'],
                    additionalProperties: false,
                    properties: { name: text, databases: { type: 'array', items: text } },
                  },
                },
              },
            },
            kubernetes: httpsPlane,
            http: httpsPlane,
            model: httpsPlane,
            mcp: httpsPlane,
            otlp: { type: 'object', required: ['url'], additionalProperties: false, properties: { url: text } },
            proxy: {
              type: 'object',
              required: ['credential', 'expires_in', 'host', 'port'],
              additionalProperties: false,
              properties: { credential: text, expires_in: count, host: text, port: count, ca: text },
            },
          },
        },
      },
    },
  },
} as const

/** A plane behind the https door: a bearer token for it, and what the run may open there. */
export interface HttpsPlaneAnswer {
  readonly credential: string
  /** Seconds. */
  readonly expires_in: number
  readonly host: string
  readonly port: number
  readonly resources: readonly {
    readonly name: string
    readonly url: string
    /** Of a model: what its API speaks like. */
    readonly api?: ModelApi
    /** Under which variables a job is to find it, where the configuration says so. */
    readonly env?: JobVariables
  }[]
}

/** Names of resources, and of databases that clients may ask for; no database: any that the target has. */
export type PostgresResources = readonly { readonly name: string; readonly databases: readonly string[] }[]

/** The forward proxy: its credential is the password of any user, or a bearer token, in Proxy-Authorization. */
export type ProxyAnswer = Omit<HttpsPlaneAnswer, 'resources'> & {
  /** The CA that signs what is intercepted, PEM; absent: nothing is. */
  readonly ca?: string
}

/** What a client of this door receives from a token exchange. */
export interface ExchangeAnswer {
  /** The run handle: for the launcher, never for the job. */
  readonly access_token: string
  readonly issued_token_type: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly gatescribe: {
    readonly run: string
    readonly joined: boolean
    readonly planes: {
      readonly postgres: {
        readonly credential: string
        /** The run's id: the user name to log in with. */
        readonly user: string
        readonly expires_in: number
        readonly host?: string
        readonly port?: number
        /** What the run may open there. */
        readonly resources?: PostgresResources
      }
      /** Absent where there is nothing of that kind. */
      readonly kubernetes?: HttpsPlaneAnswer
      readonly http?: HttpsPlaneAnswer
      readonly model?: HttpsPlaneAnswer
      readonly mcp?: HttpsPlaneAnswer
      /** Where the job may send spans (OTLP/HTTP), with any of the bearer tokens above. */
      readonly otlp?: { readonly url: string }
      readonly proxy?: ProxyAnswer
    }
  }
}

/** What CI keeps of a run: docs/evidence.md. Whoever checks it knows the rest of its form. */
export interface ReceiptAnswer {
  readonly gatescribe: 'run-receipt'
  readonly run: string
  readonly logs: readonly unknown[]
}

export interface RunAnswer {
  readonly run: string
  readonly state: 'live' | 'ended' | 'revoked' | 'expired'
  /** Seconds. */
  readonly expires_in: number
  readonly sessions: number
  /** Present, and true, where it is live and may do nothing until a person resumes it. */
  readonly suspended?: true
}
