import { readFile } from 'node:fs/promises'
import { LaunchError } from './errors.ts'

/** Where a job's own identity was found. */
export interface AmbientIdentity {
  readonly source: 'environment' | 'file' | 'github' | 'gitlab' | 'kubernetes'
  /** The compact JWT; never printed. */
  readonly token: string
}

export interface AmbientSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The audience that the gateway expects; asked for where the platform mints on demand. */
  readonly audience: string
  /** A file that the caller names instead of searching. */
  readonly tokenFile?: string
  readonly signal?: AbortSignal
}

/** Where docs/identity.md mounts the projected service-account token. */
const KUBERNETES_TOKEN = '/var/run/secrets/gatescribe/token'
const LARGEST = 16 * 1024

/**
 * Finds the token that says which job this is: a named file, `GATESCRIBE_ID_TOKEN` (GitLab's `id_tokens:` and anything else),
 * `GATESCRIBE_ID_TOKEN_FILE`, GitHub Actions' minting endpoint, a projected Kubernetes token. In this order; the first there is.
 * @throws LaunchError GS_LAUNCH_NO_IDENTITY, or GS_LAUNCH_IDENTITY_FAILED where one is there and cannot be read
 */
export async function findAmbientIdentity(surroundings: AmbientSurroundings): Promise<AmbientIdentity> {
  const { env, tokenFile } = surroundings
  const file = tokenFile ?? env.GATESCRIBE_ID_TOKEN_FILE
  if (tokenFile === undefined && env.GATESCRIBE_ID_TOKEN)
    return { source: env.GITLAB_CI ? 'gitlab' : 'environment', token: env.GATESCRIBE_ID_TOKEN.trim() }
  if (file) return { source: 'file', token: await readToken(file) }
  if (env.ACTIONS_ID_TOKEN_REQUEST_URL && env.ACTIONS_ID_TOKEN_REQUEST_TOKEN)
    return { source: 'github', token: await mintAtGitHub(surroundings) }
  if (env.KUBERNETES_SERVICE_HOST) return { source: 'kubernetes', token: await readToken(KUBERNETES_TOKEN) }
  throw new LaunchError('GS_LAUNCH_NO_IDENTITY')
}

async function readToken(path: string): Promise<string> {
  try {
    const content = await readFile(path, 'utf8')
    if (content.length <= LARGEST) return content.trim()
  } catch (error) {
    throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', `${path}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`, {
      cause: error,
    })
  }
  throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', `${path}: larger than a token`)
}

/** GitHub Actions: GET with the job's request token gives `{ value: <JWT> }` for the audience asked for. Needs `permissions: id-token: write`. */
async function mintAtGitHub({ env, audience, signal }: AmbientSurroundings): Promise<string> {
  const timeout = AbortSignal.timeout(10_000)
  try {
    const url = new URL(env.ACTIONS_ID_TOKEN_REQUEST_URL!)
    url.searchParams.set('audience', audience)
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}`, accept: 'application/json' },
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    if (response.ok) {
      const { value } = (await response.json()) as { value?: unknown }
      if (typeof value === 'string') return value
    }
    throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', `GitHub Actions answered with status ${response.status}`)
  } catch (error) {
    if (error instanceof LaunchError) throw error
    throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', 'GitHub Actions could not be reached', { cause: error })
  }
}
