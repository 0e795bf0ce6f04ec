import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { CredentialsError, readKubeconfig } from '../credentials/index.ts'
import type { Document } from './schema/document.ts'

type Resource = Document['resources'][number]
export type HttpResourceDocument = Extract<Resource, { kind: 'http' | 'kubernetes' | 'model' | 'mcp' }>
type KubernetesCredential = Extract<Resource, { kind: 'kubernetes' }>['credentials'][number]

/** Where a target in HTTP is. */
export interface HttpAddress {
  readonly secure: boolean
  /** An IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
  /** Empty, or with a slash at its begin and none at its end. */
  readonly basePath: string
  /** Of a kubeconfig: the name that its certificate carries. */
  readonly serverName?: string
}

/** Kubernetes: "Accessing the API from within a Pod". The certificate of every API server is for this name. */
const IN_CLUSTER: HttpAddress = { secure: true, host: 'kubernetes.default.svc', port: 443, basePath: '' }
const KUBECONFIG_BYTES = 1024 * 1024

/** What a kubeconfig cannot be used for, before it has a place in the file. */
export class UnusableKubeconfig extends Error {
  readonly next: string

  constructor(message: string, next: string) {
    super(message)
    this.next = next
  }
}

/**
 * Where a resource in HTTP is: by its own address; else where its first credential that knows a place says.
 * @param folder what relative paths start from
 * @returns undefined where nothing says so
 * @throws UnusableKubeconfig
 */
export function httpAddressOf(resource: HttpResourceDocument, folder: string): HttpAddress | undefined {
  if (resource.address !== undefined) return addressOf(new URL(resource.address))
  if (resource.kind !== 'kubernetes') return undefined
  for (const credential of resource.credentials) {
    const known = knownBy(credential, folder)
    if (known !== undefined) return known
  }
  return undefined
}

/** @throws UnusableKubeconfig */
export function knownBy({ kubeconfig, inCluster }: KubernetesCredential, folder: string): HttpAddress | undefined {
  if (inCluster) return IN_CLUSTER
  if (kubeconfig === undefined) return undefined
  const path = resolve(folder, kubeconfig.file)
  try {
    const { server, serverName } = readKubeconfig(read(path), path, kubeconfig.context)
    return { ...addressOf(server), ...(serverName !== undefined && { serverName }) }
  } catch (error) {
    if (error instanceof CredentialsError) throw new UnusableKubeconfig(error.message, error.next)
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown reason'
    throw new UnusableKubeconfig(`The kubeconfig ${path} cannot be read (${why}).`, 'Put it there, or give the resource an address.')
  }
}

function read(path: string): string {
  if (statSync(path).size > KUBECONFIG_BYTES) throw Object.assign(new Error(), { code: 'larger than 1 MiB' })
  return readFileSync(path, 'utf8')
}

function addressOf(url: URL): HttpAddress {
  const secure = url.protocol === 'https:'
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    basePath: url.pathname.replace(/\/$/, ''),
  }
}
