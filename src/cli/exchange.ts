import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { TokenDoorClient } from '../api/token/client.ts'
import type { ExchangeAnswer } from '../api/token/index.ts'
import {
  type AmbientIdentity,
  findAmbientIdentity,
  IDENTITY_SOURCES,
  type IdentitySource,
  type JobEnvironment,
  jobEnvironment,
} from '../launch/index.ts'
import { CliError, GatewayRefusal } from './errors.ts'
import type { Surroundings } from './surroundings.ts'

export interface ExchangeOptions {
  readonly gateway?: string
  readonly ca?: string
  readonly tokenFile?: string
  readonly tokenEnv?: string
  readonly audience?: string
  readonly identity?: string
}

export interface Exchanged {
  readonly answer: ExchangeAnswer
  readonly environment: JobEnvironment
  /** PEM of the CA that was named; undefined: what the system trusts. */
  readonly ca: string | undefined
}

/** From the job's own token to the environment that its clients need. @throws CodedError */
export async function exchange(options: ExchangeOptions, around: Pick<Surroundings, 'env' | 'folder'>): Promise<Exchanged> {
  const { answer, gateway, caFile, ca, door } = await exchanged(options, around)
  try {
    const environment = jobEnvironment(answer, { gateway, ...(caFile !== undefined && { caFile }) })
    return { answer, environment, ca }
  } finally {
    await door.close()
  }
}

/** A run that was just begun or joined, and the door that knows it. */
export interface ExchangedRun {
  readonly answer: ExchangeAnswer
  readonly gateway: URL
  readonly identity: AmbientIdentity
  readonly audience: string
  readonly caFile: string | undefined
  readonly ca: string | undefined
  /** Whoever has this closes it. */
  readonly door: TokenDoorClient
}

/** Finds the job's own token and exchanges it. @throws CodedError */
export async function exchanged(options: ExchangeOptions, { env, folder }: Pick<Surroundings, 'env' | 'folder'>): Promise<ExchangedRun> {
  const gateway = gatewayUrl(options.gateway ?? env.GATESCRIBE_GATEWAY)
  const named = options.ca ?? env.GATESCRIBE_CA
  const caFile = named === undefined ? undefined : resolve(folder, named)
  const ca = caFile === undefined ? undefined : readCa(caFile)
  const audience = options.audience ?? env.GATESCRIBE_AUDIENCE ?? `https://${gateway.hostname}`
  const source = sourceOf(options.identity ?? env.GATESCRIBE_IDENTITY)
  const identity = await findAmbientIdentity({
    ...(options.tokenFile !== undefined && { tokenFile: resolve(folder, options.tokenFile) }),
    ...(source !== undefined && { source }),
    audience,
    env: options.tokenEnv === undefined ? env : { ...env, GATESCRIBE_ID_TOKEN: variable(options.tokenEnv, env) },
  })
  const door = new TokenDoorClient(gateway.href, ca)
  try {
    const outcome = await door.exchange(identity.token)
    if (!outcome.ok) throw new GatewayRefusal(outcome.refusal.code, outcome.refusal.error_description, outcome.refusal.next)
    return { answer: outcome.answer, gateway, identity, audience, caFile, ca, door }
  } catch (error) {
    await door.close()
    throw error
  }
}

function sourceOf(name: string | undefined): IdentitySource | undefined {
  if (name === undefined) return undefined
  const source = IDENTITY_SOURCES.find((each) => each === name)
  if (source === undefined)
    throw new CliError('GS_CLI_USAGE', `--identity is one of ${IDENTITY_SOURCES.join(', ')}; for run and env also person.`)
  return source
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
