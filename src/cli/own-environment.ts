import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { OwnRunAnswer } from '../api/admin/own-run-schemas.ts'
import { kubeconfig, LaunchError, personEnvironment } from '../launch/index.ts'
import { isReservedVariable, type ModelApi } from '../operations/index.ts'
import { CliError } from './errors.ts'
import { sessionPath } from './session-file.ts'
import type { Surroundings } from './surroundings.ts'
import { writePrivately } from './write-privately.ts'

/** What points the clients of a person's run at its resource. */
export interface OwnEnvironment {
  readonly variables: Readonly<Record<string, string>>
  /** Removes what was written for it, once its command has ended. */
  forget(): void
}

/** A kubeconfig that a shell was pointed at outlives its run by this, ms: its credential opens nothing then. */
const KEPT_MS = 24 * 3_600_000
const OURS = /^kubeconfig-run_[a-z0-9]+$/

/**
 * @param caFile absolute path of the CA to trust; undefined: the system's
 * @throws LaunchError GS_LAUNCH_ANSWER, CliError GS_CLI_FILE
 */
export function ownEnvironment(begun: OwnRunAnswer, caFile: string | undefined, { env }: Pick<Surroundings, 'env'>): OwnEnvironment {
  const { run, resource, planes } = begun
  if (planes.kubernetes) {
    const { url, credential } = planes.kubernetes
    const text = kubeconfig({ resources: [{ name: resource, url }], ca: caFile && read(caFile), user: { token: credential } })
    const folder = dirname(sessionPath({ env }))
    sweep(folder)
    const name = `kubeconfig-${run}`
    if (!OURS.test(name)) throw new LaunchError('GS_LAUNCH_ANSWER')
    const path = writePrivately(join(folder, name), text, { folder })
    return { variables: { KUBECONFIG: path }, forget: () => rmSync(path, { force: true }) }
  }
  const { http, model, mcp } = planes
  if (http ?? model ?? mcp)
    return {
      variables: harmless({
        ...(http && named('HTTP', http, caFile)),
        ...(model && { ...MODEL_VARIABLES[model.api](model), ...trusting(caFile), ...named(undefined, model, caFile) }),
        ...(mcp && named('MCP', mcp, caFile)),
      }),
      forget: () => undefined,
    }
  return { variables: personEnvironment(begun, caFile, env), forget: () => undefined }
}

type HttpPlane = NonNullable<OwnRunAnswer['planes']['http']>

/** What the SDK of each API looks for. */
const MODEL_VARIABLES: Readonly<Record<ModelApi, (plane: HttpPlane) => Readonly<Record<string, string>>>> = {
  openai: ({ url, credential }) => ({ OPENAI_BASE_URL: url, OPENAI_API_KEY: credential }),
  anthropic: ({ url, credential }) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: credential, ANTHROPIC_AUTH_TOKEN: credential }),
  'azure-openai': ({ url, credential }) => ({ AZURE_OPENAI_ENDPOINT: url, AZURE_OPENAI_API_KEY: credential }),
}

/** Beside the system's for Node; other SDKs take a bundle, which gatescribe run makes. */
const trusting = (caFile: string | undefined) => (caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile })

/** Under a name of the gateway's, and under those that its operator gave it. */
function named(as: 'HTTP' | 'MCP' | undefined, { url, credential, env }: HttpPlane, caFile: string | undefined): Record<string, string> {
  return {
    ...(as && { [`GATESCRIBE_${as}_URL`]: url, [`GATESCRIBE_${as}_TOKEN`]: credential }),
    ...(as && caFile !== undefined && { [`GATESCRIBE_${as}_CA`]: caFile }),
    ...(env?.url !== undefined && { [env.url]: url }),
    ...(env?.token !== undefined && { [env.token]: credential }),
  }
}

/** @throws LaunchError where the answer holds what no variable can, or one that means something else */
function harmless(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(variables)) {
    const ours = /^(GATESCRIBE_(HTTP|MCP)_(URL|TOKEN|CA)|NODE_EXTRA_CA_CERTS)$/.test(name)
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) || (!ours && isReservedVariable(name)) || !/^[^\p{Cc}]+$/u.test(value))
      throw new LaunchError('GS_LAUNCH_ANSWER')
  }
  return variables
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CliError('GS_CLI_FILE', `${path} cannot be read.`, { cause })
  }
}

function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (OURS.test(name) && Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { force: true })
  }
}
