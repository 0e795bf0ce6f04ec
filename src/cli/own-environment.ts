import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { OwnRunAnswer } from '../api/admin/own-run-schemas.ts'
import { kubeconfig, LaunchError, personEnvironment } from '../launch/index.ts'
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
  if (planes.http) {
    const { url, credential } = planes.http
    const variables = {
      GATESCRIBE_HTTP_URL: url,
      GATESCRIBE_HTTP_TOKEN: credential,
      ...(caFile !== undefined && { GATESCRIBE_HTTP_CA: caFile }),
    }
    for (const value of Object.values(variables)) if (!/^[^\p{Cc}]+$/u.test(value)) throw new LaunchError('GS_LAUNCH_ANSWER')
    return { variables, forget: () => undefined }
  }
  return { variables: personEnvironment(begun, caFile, env), forget: () => undefined }
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
