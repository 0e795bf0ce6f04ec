import type { Reference } from './reference.ts'

/** What this room has to know of a target as configured; the configuration maps onto it. */
export interface TargetSettings<Credential extends NamedCredential = CredentialSettings> {
  readonly name: string
  readonly host: string
  readonly port: number
  /** The connector behind which it is; absent: the gateway reaches it itself. */
  readonly via?: string
  /** Of targets that are spoken to in HTTP: what stands before every path, without a slash at its end. */
  readonly basePath?: string
  readonly tls: TargetTlsSettings
  /** One at least; which one opens a session is decided by what the rules could permit it. */
  readonly credentials: readonly Credential[]
}

export type TargetTlsSettings =
  | {
      readonly verify: 'full'
      /** PEM of the CA that is trusted instead of the system's. */
      readonly ca?: Reference
      readonly serverName?: string
    }
  | { readonly verify: 'off' }

/** What opens a target; the trail names it by `as`. */
export interface NamedCredential {
  readonly as: string
  /** Classes of effects that it is for, such as `read`; absent: all. */
  readonly for?: readonly string[]
}

/** Of a PostgreSQL target. */
export interface CredentialSettings extends NamedCredential {
  readonly user: string
  readonly password?: Reference
  readonly clientCertificate?: CertificateReferences
}

/** PEM. */
export interface CertificateReferences {
  readonly certificate: Reference
  readonly key: Reference
}

/** Of a target that is spoken to in HTTP. */
export interface HttpCredentialSettings extends NamedCredential {
  readonly opens: HttpOpening
}

/** How a request says who the gateway is. */
export type HttpOpening =
  /** `Authorization: Bearer …` (RFC 6750 §2.1) */
  | { readonly by: 'bearer'; readonly token: Reference }
  /** `Authorization: Basic …` (RFC 7617) */
  | { readonly by: 'basic'; readonly user: string; readonly password: Reference }
  /** A header of the target's own; its name in lower case. */
  | { readonly by: 'header'; readonly name: string; readonly value: Reference }
  | { readonly by: 'certificate'; readonly clientCertificate: CertificateReferences }
  | { readonly by: 'exec'; readonly program: CredentialProgram }
  /** A context of a kubeconfig; absent: its current one. `path` is absolute. */
  | { readonly by: 'kubeconfig'; readonly path: string; readonly context?: string }
  /** The service account of the pod that the gateway runs in. */
  | { readonly by: 'in-cluster' }
  /** Not at all: the target asks for nothing. */
  | { readonly by: 'none' }

/** A program that prints an `ExecCredential` (client.authentication.k8s.io). */
export interface CredentialProgram {
  readonly apiVersion: 'client.authentication.k8s.io/v1' | 'client.authentication.k8s.io/v1beta1'
  /** An absolute path, or a name that is looked for in PATH. */
  readonly command: string
  readonly arguments: readonly string[]
  /** Its environment is this and PATH. */
  readonly env: Readonly<Record<string, string | Reference>>
  /** What it is told of the cluster where it asks for it (`provideClusterInfo`). */
  readonly cluster?: Readonly<Record<string, string>>
}
