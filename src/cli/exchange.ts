import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { TokenDoorClient } from '../api/token/client.ts'
import type { ExchangeAnswer } from '../api/token/index.ts'
import { findAmbientIdentity, type JobEnvironment, jobEnvironment } from '../launch/index.ts'
import { CliError, GatewayRefusal } from './errors.ts'
import type { Surroundings } from './surroundings.ts'

export interface ExchangeOptions {
  readonly gateway?: string
  readonly ca?: string
  readonly tokenFile?: string
  readonly tokenEnv?: string
  readonly audience?: string
}

export interface Exchanged {
  readonly answer: ExchangeAnswer
  readonly environment: JobEnvironment
  /** PEM of the CA that was named; undefined: what the system trusts. */
  readonly ca: string | undefined
}

/** From the job's own token to the environment that its clients need. @throws CodedError */
export async function exchange(options: ExchangeOptions, { env, folder }: Pick<Surroundings, 'env' | 'folder'>): Promise<Exchanged> {
  const gateway = gatewayUrl(options.gateway ?? env.GATESCRIBE_GATEWAY)
  const named = options.ca ?? env.GATESCRIBE_CA
  const caFile = named === undefined ? undefined : resolve(folder, named)
  const ca = caFile === undefined ? undefined : readCa(caFile)
  const { token } = await findAmbientIdentity({
    ...(options.tokenFile !== undefined && { tokenFile: resolve(folder, options.tokenFile) }),
    audience: options.audience ?? `https://${gateway.hostname}`,
    env: options.tokenEnv === undefined ? env : { ...env, GATESCRIBE_ID_TOKEN: variable(options.tokenEnv, env) },
  })
  const door = new TokenDoorClient(gateway.href, ca)
  try {
    const outcome = await door.exchange(token)
    if (!outcome.ok) throw new GatewayRefusal(outcome.refusal.code, outcome.refusal.error_description, outcome.refusal.next)
    const environment = jobEnvironment(outcome.answer, { gateway, ...(caFile !== undefined && { caFile }) })
    return { answer: outcome.answer, environment, ca }
  } finally {
    await door.close()
  }
}

function gatewayUrl(text: string | undefined): URL {
  const url = text === undefined ? null : URL.parse(text)
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  throw new CliError('GS_CLI_USAGE', 'The gateway is named with --gateway https://host:port, or by GATESCRIBE_GATEWAY.')
}

function variable(name: string, env: Surroundings['env']): string {
  const value = env[name]
  if (value) return value
  throw new CliError('GS_CLI_USAGE', `The variable ${name} is not set.`)
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError('GS_CLI_FILE', `${path} cannot be read.`, { cause: error })
  }
}
