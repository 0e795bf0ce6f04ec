import type { HttpCredential } from '../operations/index.ts'
import { CredentialsError } from './errors.ts'
import { bearer } from './header-value.ts'
import type { Loaded } from './kept.ts'
import type { References } from './references.ts'
import { type CommandBounds, runSecretCommand } from './run-command.ts'
import type { CredentialProgram } from './target-settings.ts'

/** A program may ask a cloud, and print a certificate with its chain. */
const BOUNDS: CommandBounds = { deadline: 30_000, output: 256 * 1024 }
/** What it prints is over so long before it says; ms. A request takes its time too. */
const EARLY_MS = 10_000

/**
 * Runs a credential plugin as client-go does (client.authentication.k8s.io), with nobody at a terminal.
 *
 * @param now milliseconds since the epoch
 * @returns what it printed, good until it says; without an end, until the target refuses it
 * @throws CredentialsError GS_SECRET_COMMAND_FAILED, GS_SECRET_EXEC, GS_SECRET_NOT_A_HEADER
 */
export async function runCredentialProgram(
  program: CredentialProgram,
  references: References,
  now: () => number,
  bounds = BOUNDS,
): Promise<Loaded<HttpCredential>> {
  const { apiVersion, command, cluster } = program
  const spec = { interactive: false, ...(cluster && { cluster }) }
  const env = {
    ...(await resolved(program.env, references)),
    KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }),
  }
  return readExecCredential(await runSecretCommand(command, program.arguments, bounds, env), program, now())
}

async function resolved(env: CredentialProgram['env'], references: References): Promise<Record<string, string>> {
  const values = Object.entries(env).map(async ([name, value]) => {
    return [name, typeof value === 'string' ? value : (await references.secret(value)).secret.reveal()] as const
  })
  return Object.fromEntries(await Promise.all(values))
}

/** @param now milliseconds since the epoch */
export function readExecCredential(
  printed: string,
  { apiVersion, command }: Pick<CredentialProgram, 'apiVersion' | 'command'>,
  now: number,
): Loaded<HttpCredential> {
  const wrong = (why: string) => new CredentialsError('GS_SECRET_EXEC', `What ${command} printed ${why}.`)
  const object = asObject(parsed(printed))
  if (object?.kind !== 'ExecCredential' || object.apiVersion !== apiVersion) throw wrong(`is no ExecCredential of ${apiVersion}`)
  const status = asObject(object.status)
  if (status === undefined) throw wrong('has no status')
  const { token, clientCertificateData: certificate, clientKeyData: key, expirationTimestamp: end } = status
  for (const value of [token, certificate, key, end])
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw wrong('has a field in its status that is no text')
  if ((certificate === undefined) !== (key === undefined))
    throw wrong('has a certificate without its key, or a key without its certificate')
  if (token === undefined && certificate === undefined) throw wrong('has neither a token nor a certificate in its status')
  const until = end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end as string)
  if (Number.isNaN(until)) throw wrong('has an expirationTimestamp that is no time')
  if (until <= now) throw wrong('has expired already')
  return {
    value: {
      ...(token !== undefined && { header: bearer(token as string) }),
      ...(certificate !== undefined && { clientCertificate: { certificate: certificate as string, key: key as string } }),
    },
    // Something that is good for a few seconds is used all the same.
    until: until - now > 2 * EARLY_MS ? until - EARLY_MS : until,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
