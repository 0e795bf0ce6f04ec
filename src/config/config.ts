import type { PresidioSettings } from '../analyzer/index.ts'
import type { ApprovalSettings } from '../approvals/settings.ts'
import type { BreakGlassSettings } from '../breakglass/settings.ts'
import type { ChannelSettings } from '../channels/settings.ts'
import type { HttpCredentialSettings, Reference, TargetSettings } from '../credentials/index.ts'
import type { ExportSettings } from '../exports/settings.ts'
import type { IssuerSettings, WorkloadSettings } from '../identity/index.ts'
import type { PeopleIssuerSettings, RoleSettings } from '../identity/people/index.ts'
import type { MetricsSettings } from '../metrics/settings.ts'
import type {
  EgressResource,
  KubernetesResource,
  McpResource,
  ModelResource,
  PlainHttpResource,
  PostgresResource,
} from '../operations/index.ts'
import type { MaskRule, Rule } from '../policy/index.ts'
import type { RecordingSettings } from '../recording/settings.ts'
import type { BudgetSettings } from '../runs/budgets/settings.ts'
import type { Retention } from './retention.ts'

/** A configuration that was read, checked and made exact: paths absolute, durations in milliseconds, defaults filled in. */
export interface Config {
  readonly gateway: GatewayConfig
  /** OIDC issuers whose tokens prove jobs. */
  readonly issuers: readonly IssuerSettings[]
  /** OIDC issuers that sign in people. */
  readonly people: readonly PeopleIssuerSettings[]
  readonly roles: RoleSettings
  readonly resources: readonly ResourceConfig[]
  readonly rules: readonly Rule[]
  readonly budgets: readonly BudgetSettings[]
  readonly approvals: ApprovalSettings & {
    /** At most one of Slack. */
    readonly channels: readonly ChannelSettings[]
  }
  /** Absent: nobody can break the glass. */
  readonly breakGlass?: BreakGlassSettings
  readonly limits: LimitSettings
  readonly recording: RecordingSettings
  readonly masks: readonly MaskRule[]
  readonly masking: {
    /** Of the operator `hash`; there wherever a mask has it. 32 bytes, base64 or hex. */
    readonly key?: Reference
    /** Absent: nobody outside is asked what a text holds. */
    readonly analyzer?: AnalyzerSettings
  }
  readonly trail: TrailSettings
  readonly connectors: readonly ConnectorSettings[]
  readonly metrics: MetricsSettings
  readonly exports: readonly ExportSettings[]
}

/** A name that connectors answer to, each of which reaches the same. */
export interface ConnectorSettings {
  readonly name: string
  /** Whose tokens enrol one. Absent: only enrolment tokens do. */
  readonly workload?: WorkloadSettings
}

/** Whom a scan may ask for what no pattern finds. */
export interface AnalyzerSettings extends Required<PresidioSettings> {
  /** Where no answer comes that can be used: whether the scan ends there, or goes on without it. */
  readonly whenSilent: 'fail' | 'pass'
}

export interface GatewayConfig {
  /** `example.org/prod`: each instance's log is `<origin>/<instance>`. */
  readonly origin: string
  /** This process's name under the origin. Default `main`. */
  readonly instance: string
  /** Absolute path of the data folder. */
  readonly data: string
  readonly durability: 'disk'
  /** postgres, https, proxy, connectors: absent where nothing is reached so. admin: absent where nobody signs in here. metrics: where nobody reads them. */
  readonly listen: {
    readonly postgres?: ListenAddress
    readonly https?: ListenAddress
    readonly proxy?: ListenAddress
    readonly token: ListenAddress
    readonly connectors?: ListenAddress
    readonly metrics?: ListenAddress
    readonly admin?: ListenAddress
  }
  /** How browsers reach the admin door, as `Origin` has it; absent: it follows from where it listens. */
  readonly adminUrl?: string
  readonly tls: GatewayTls
  /** 32 bytes, base64 or hex; never a `secret:`. */
  readonly masterKey: Reference
  /** How long live sessions may finish once the gateway stops. Milliseconds; default 30,000. */
  readonly drain: number
}

/** What holds for every operation, whatever the rules say. Absent: no limit but what the protocol itself has. */
export interface LimitSettings {
  /** Bytes of a statement's text. */
  readonly statementBytes?: number
  /** Rows of results, or rows copied. */
  readonly resultRows?: number
}

/** How long the trail is kept, and who witnesses it. */
export interface TrailSettings {
  /** Absent: for ever. Payloads go with their entries at the latest, recordings with the other payloads of their session. */
  readonly retain: { readonly entries?: Retention; readonly payloads?: Retention; readonly recordings?: Retention }
  readonly witnesses?: {
    /** How many must cosign. */
    readonly need: number
    readonly of: readonly { readonly url: string; readonly key: string }[]
  }
}

export interface ListenAddress {
  readonly host: string
  /** 0 — any free port. */
  readonly port: number
}

export interface GatewayTls {
  /** The gateway's own names, in lower case. Empty only where a certificate is given: then its names count. */
  readonly names: readonly string[]
  /** The operator's own certificate chain and key (PEM). Absent: leaves are minted under the gateway's names CA. */
  readonly certificate?: { readonly chain: Reference; readonly key: Reference }
}

/** A PostgreSQL target: what selects it, and how the gateway opens it. */
export interface PostgresResourceConfig extends PostgresResource, TargetSettings {}

/** A target in HTTP, in the same way. */
export interface PlainHttpResourceConfig extends PlainHttpResource, TargetSettings<HttpCredentialSettings> {
  readonly basePath: string
}

export interface KubernetesResourceConfig extends KubernetesResource, TargetSettings<HttpCredentialSettings> {
  readonly basePath: string
}

export interface ModelResourceConfig extends ModelResource, TargetSettings<HttpCredentialSettings> {
  readonly basePath: string
}

export interface McpResourceConfig extends McpResource, TargetSettings<HttpCredentialSettings> {
  readonly basePath: string
}

/** Whatever is behind the https door. */
export type HttpResourceConfig = PlainHttpResourceConfig | KubernetesResourceConfig | ModelResourceConfig | McpResourceConfig

export type ResourceConfig = PostgresResourceConfig | HttpResourceConfig | EgressResource

/** A configuration with what was read to make it. */
export interface LoadedConfig {
  readonly config: Config
  /** `sha256:…` over the file's bytes. */
  readonly digest: string
  /** The file as it was read; it holds references, no secrets. */
  readonly text: string
  /** What is allowed but probably not meant. */
  readonly warnings: readonly ConfigProblem[]
}

/** One thing that is wrong, where, and what to write instead. Never contains the value of a secret field. */
export interface ConfigProblem {
  /** `GS_CONFIG_…` */
  readonly code: string
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** `rules[2].when`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  readonly next: string
}
