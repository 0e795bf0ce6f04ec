import { stringify } from 'yaml'
import { LaunchError } from './errors.ts'

/** A program that prints the credential when it is needed. */
export interface ExecPlugin {
  readonly command: string
  readonly args: readonly string[]
}

export interface KubeconfigParts {
  /** Clusters as the gateway names them, and where each is reached. */
  readonly resources: readonly { readonly name: string; readonly url: string }[]
  /** PEM of the CA of the gateway's certificate; absent: the system's. */
  readonly ca?: string | undefined
  /** The plane credential itself, or what prints it. */
  readonly user: { readonly token: string } | { readonly exec: ExecPlugin }
  /** The context that counts where none is asked for; absent: the only one, or none where there are several. */
  readonly current?: string | undefined
}

/** What a kubeconfig calls whoever uses the gateway. */
const USER = 'gatescribe'

/**
 * A kubeconfig (v1 Config) with one context for each cluster behind the gateway, called as the cluster is.
 * @throws LaunchError GS_LAUNCH_ANSWER where a cluster is anywhere but behind https; GS_LAUNCH_NO_CLUSTER where there is none, or not the one that is asked for
 */
export function kubeconfig({ resources, ca, user, current }: KubeconfigParts): string {
  if (resources.length === 0) throw new LaunchError('GS_LAUNCH_NO_CLUSTER')
  if (current !== undefined && !resources.some(({ name }) => name === current)) throw new LaunchError('GS_LAUNCH_NO_CLUSTER', current)
  for (const { url } of resources) if (URL.parse(url)?.protocol !== 'https:') throw new LaunchError('GS_LAUNCH_ANSWER')
  const [only, ...others] = resources
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: resources.map(({ name, url }) => ({
        name,
        cluster: { server: url, ...(ca !== undefined && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }) },
      })),
      users: [{ name: USER, user: 'token' in user ? { token: user.token } : { exec: execOf(user.exec) } }],
      contexts: resources.map(({ name }) => ({ name, context: { cluster: name, user: USER } })),
      'current-context': current ?? (others.length === 0 ? only!.name : ''),
    },
    { lineWidth: 0 },
  )
}

function execOf({ command, args }: ExecPlugin): object {
  return {
    ...{ apiVersion: EXEC_VERSION, command, args: [...args], interactiveMode: 'Never', provideClusterInfo: false },
    installHint: 'Install Gatescribe, so that gatescribe is in PATH.',
  }
}

const EXEC_VERSION = 'client.authentication.k8s.io/v1'
const EXEC_VERSIONS = [EXEC_VERSION, 'client.authentication.k8s.io/v1beta1']

/**
 * What a credential plugin prints (client.authentication.k8s.io).
 * @param asked KUBERNETES_EXEC_INFO, which says the version that is expected
 * @param lasts seconds
 * @param now milliseconds since the epoch
 */
export function execCredential(token: string, lasts: number, asked: string | undefined, now: number): object {
  const expirationTimestamp = new Date(now + lasts * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
  return { apiVersion: versionIn(asked), kind: 'ExecCredential', spec: { interactive: false }, status: { expirationTimestamp, token } }
}

function versionIn(asked: string | undefined): string {
  try {
    const { apiVersion } = JSON.parse(asked ?? '{}') as { readonly apiVersion?: unknown }
    return EXEC_VERSIONS.find((version) => version === apiVersion) ?? EXEC_VERSION
  } catch {
    return EXEC_VERSION
  }
}
