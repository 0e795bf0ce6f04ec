import { readFile } from 'node:fs/promises'
import { LaunchError } from '../errors.ts'
import { mintAtAzureDevops, mintAtEntra, mintAtManagedIdentity } from './azure.ts'
import { mintAtGitHub } from './github.ts'
import { isOnGoogleCloud, mintAtGoogle } from './google.ts'

/** Where a job's own identity can be found, in the order in which it is looked for. */
export const IDENTITY_SOURCES = [
  'environment',
  'file',
  'github',
  'gitlab',
  'azure-devops',
  'entra',
  'azure-managed',
  'kubernetes',
  'google',
] as const

export type IdentitySource = (typeof IDENTITY_SOURCES)[number]

/** Where a job's own identity was found. */
export interface AmbientIdentity {
  readonly source: IdentitySource
  /** The compact JWT; never printed. */
  readonly token: string
}

export interface AmbientSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The audience that the gateway expects; asked for where the platform mints on demand. */
  readonly audience: string
  /** A file that the caller names instead of searching. */
  readonly tokenFile?: string
  /** Look nowhere else; absent: the first there is. */
  readonly source?: IdentitySource
  readonly signal?: AbortSignal
  /** Reads what the machine says of its maker, where it says anything; for tests. */
  readonly machine?: () => Promise<string>
}

/** Where docs/identity.md mounts the projected service-account token. */
const KUBERNETES_TOKEN = '/var/run/secrets/gatescribe/token'
/** What the firmware says the machine is: the clouds name themselves there. */
const MACHINE = '/sys/class/dmi/id/product_name'
const LARGEST = 16 * 1024

/**
 * Finds the token that says which job this is: a named file, `GATESCRIBE_ID_TOKEN` (GitLab's `id_tokens:` and anything else),
 * `GATESCRIBE_ID_TOKEN_FILE`, what GitHub Actions, Azure DevOps, Entra ID, an Azure managed identity or Google mint, a projected Kubernetes token.
 * In the order of IDENTITY_SOURCES; the first there is.
 * @throws LaunchError GS_LAUNCH_NO_IDENTITY, or GS_LAUNCH_IDENTITY_FAILED where one is there and cannot be read
 */
export async function findAmbientIdentity(surroundings: AmbientSurroundings): Promise<AmbientIdentity> {
  const source = surroundings.source ?? (await foundSource(surroundings))
  if (source === undefined) throw new LaunchError('GS_LAUNCH_NO_IDENTITY')
  const token = await tokenOf(source, surroundings)
  if (token.length > LARGEST) throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', `${source}: larger than a token`)
  return { source, token }
}

async function foundSource({ env, tokenFile, machine }: AmbientSurroundings): Promise<IdentitySource | undefined> {
  if (tokenFile !== undefined) return 'file'
  if (env.GATESCRIBE_ID_TOKEN) return env.GITLAB_CI ? 'gitlab' : 'environment'
  if (env.GATESCRIBE_ID_TOKEN_FILE) return 'file'
  if (env.ACTIONS_ID_TOKEN_REQUEST_URL && env.ACTIONS_ID_TOKEN_REQUEST_TOKEN) return 'github'
  if (env.SYSTEM_OIDCREQUESTURI && env.SYSTEM_ACCESSTOKEN) return 'azure-devops'
  if (env.AZURE_FEDERATED_TOKEN_FILE && env.AZURE_CLIENT_ID && env.AZURE_TENANT_ID) return 'entra'
  if (env.IDENTITY_ENDPOINT && env.IDENTITY_HEADER) return 'azure-managed'
  if (env.KUBERNETES_SERVICE_HOST) return 'kubernetes'
  if (isOnGoogleCloud(env)) return 'google'
  // A virtual machine says nothing in the environment; nobody else is asked over the network.
  const product = await (machine ?? readMachine)()
  if (/google compute engine/i.test(product)) return 'google'
  if (/^virtual machine\b/i.test(product) && env.AZURE_CLIENT_ID) return 'azure-managed'
  return undefined
}

function tokenOf(source: IdentitySource, surroundings: AmbientSurroundings): Promise<string> {
  const { env, tokenFile } = surroundings
  switch (source) {
    case 'environment':
    case 'gitlab':
      return given('GATESCRIBE_ID_TOKEN', env)
    case 'file':
      return tokenFile === undefined ? given('GATESCRIBE_ID_TOKEN_FILE', env).then(readToken) : readToken(tokenFile)
    case 'github':
      return mintAtGitHub(surroundings)
    case 'azure-devops':
      return mintAtAzureDevops(surroundings)
    case 'entra':
      return given('AZURE_FEDERATED_TOKEN_FILE', env)
        .then(readToken)
        .then((assertion) => mintAtEntra(assertion, surroundings))
    case 'azure-managed':
      return mintAtManagedIdentity(surroundings)
    case 'kubernetes':
      return readToken(KUBERNETES_TOKEN)
    case 'google':
      return mintAtGoogle(surroundings)
  }
}

async function given(name: string, env: AmbientSurroundings['env']): Promise<string> {
  const value = env[name]?.trim()
  if (value) return value
  throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', `${name} is not set`)
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

/** Nothing where it is no Linux, or a container that hides it. */
function readMachine(): Promise<string> {
  return readFile(MACHINE, 'latin1').catch(() => '')
}
