import { redactText, Names as SecretNames } from '../redaction/index.ts'
import { LaunchError } from './errors.ts'
import { CLOUD, COMMAND_FILES, isAmong, LEADING_ELSEWHERE, MINTING, type Names, PASSED } from './named-variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Why a variable of the launcher is not the job's.
 * identity: it proves who the job is; cloud: it opens a cloud, or the caller's agents; ci-commands: it speaks to later steps;
 * credential: its name or value looks like one; elsewhere: it would lead a client past the gateway; unnamed: nobody named it
 */
export type Removal = 'identity' | 'cloud' | 'ci-commands' | 'credential' | 'elsewhere' | 'unnamed'

export interface PassedEnvironment {
  readonly variables: Readonly<Record<string, string>>
  /** Names of what was removed, sorted. */
  readonly removed: Readonly<Record<Removal, readonly string[]>>
  /** Names that were asked for by name and look like credentials: the job has them, and the gateway does not know what it does with them. */
  readonly credentials: readonly string[]
}

export interface Passing {
  readonly env: Environment
  /** Names that are let through besides; one that ends in `*` lets through whatever begins so and does not look like a credential. */
  readonly pass?: Names
  /** The token that the run was started with, and the audience that it is for: no variable with either is let through. */
  readonly identity?: { readonly token: string; readonly audience: string }
  /** A variable that held the token. */
  readonly tokenEnv?: string | undefined
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*\*?$/

/**
 * What a job is given of its launcher's environment.
 * @throws LaunchError GS_LAUNCH_NOT_PASSED where something is asked for that proves who the job is, or that is no name
 */
export function passedEnvironment({ env, pass = [], identity, tokenEnv }: Passing): PassedEnvironment {
  for (const name of pass) if (!NAME.test(name)) throw new LaunchError('GS_LAUNCH_NOT_PASSED', name)
  const removed: Record<Removal, string[]> = { identity: [], cloud: [], 'ci-commands': [], credential: [], elsewhere: [], unnamed: [] }
  const [variables, credentials]: [Record<string, string>, string[]] = [{}, []]
  for (const name of Object.keys(env).sort()) {
    const value = env[name]
    if (value === undefined) continue
    const isProof = isAmong(MINTING, name) || name === tokenEnv || (identity !== undefined && proves(value, identity))
    if (isProof && pass.includes(name)) throw new LaunchError('GS_LAUNCH_NOT_PASSED', name)
    const byName = pass.includes(name)
    const why = isProof ? 'identity' : byName ? undefined : removal(name, value, pass)
    if (why === undefined) {
      variables[name] = value
      if (byName && looksLikeCredential(name, value)) credentials.push(name)
    } else removed[why].push(name)
  }
  return { variables, removed, credentials }
}

function removal(name: string, value: string, pass: Names): Removal | undefined {
  // What these are called is no reason against them: PWD is a folder.
  if (isAmong(PASSED, name)) return holdsCredential(value) ? 'credential' : undefined
  const isAskedFor = isAmong(pass, name)
  if (!isAskedFor) {
    if (isAmong(COMMAND_FILES, name)) return 'ci-commands'
    if (isAmong(CLOUD, name)) return 'cloud'
    if (isAmong(LEADING_ELSEWHERE, name)) return 'elsewhere'
  }
  if (looksLikeCredential(name, value)) return 'credential'
  return isAskedFor ? undefined : 'unnamed'
}

/** By its name, or by what it holds. */
function looksLikeCredential(name: string, value: string): boolean {
  return new SecretNames().kindOf(name) !== undefined || holdsCredential(value)
}

/** As whatever is recorded is looked through. */
function holdsCredential(value: string): boolean {
  return redactText(Buffer.from(value)).found.length > 0
}

/** Compact JWTs, whatever stands around them: a header, JSON. Each word is begun once, because values may be long. */
const TOKENS = /(?<![\w-])[\w-]+\.[\w-]{2,16384}\.[\w-]*/g

/** Whether somebody who has this can show it to the gateway as the job's token: the token itself, or another that is for the gateway. */
function proves(value: string, { token, audience }: NonNullable<Passing['identity']>): boolean {
  return value.includes(token) || (value.match(TOKENS) ?? []).some((each) => isFor(audience, each))
}

function isFor(audience: string, jwt: string): boolean {
  const [, payload = ''] = jwt.split('.')
  try {
    const { aud } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly aud?: unknown }
    return Array.isArray(aud) ? aud.includes(audience) : aud === audience
  } catch {
    return false
  }
}
