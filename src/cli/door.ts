import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { doorOrigin, doorTransport } from '../api/admin/client.ts'
import type { Transport } from '../api/local/index.ts'
import { CliError } from './errors.ts'
import { readSessions } from './session-file.ts'
import type { Surroundings } from './surroundings.ts'

/** Options that say at which admin door. */
export interface DoorWhereabouts {
  readonly gateway?: string
  readonly ca?: string
}

export interface SignedInDoor {
  /** `https://gw.example.org:8445` */
  readonly origin: string
  readonly send: Transport
}

type Around = Pick<Surroundings, 'env' | 'folder'>

/** The door that is named, by option or environment; undefined where none is. @throws CliError GS_CLI_USAGE; AdminDoorError */
export function namedDoor({ gateway }: DoorWhereabouts, { env }: Around): string | undefined {
  const named = gateway ?? env.GATESCRIBE_ADMIN
  if (named === undefined) return undefined
  if (URL.parse(named) === null) throw new CliError('GS_CLI_USAGE', 'The gateway is named by the URL of its admin door: https://host:port.')
  return doorOrigin(named)
}

/** The file of the CA that is named; absolute. */
export function namedCa({ ca }: DoorWhereabouts, { env, folder }: Around): string | undefined {
  const named = ca ?? env.GATESCRIBE_CA
  return named === undefined ? undefined : resolve(folder, named)
}

/** @throws CliError GS_CLI_FILE */
export function readCa(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError('GS_CLI_FILE', `${path} cannot be read.`, { cause: error })
  }
}

/**
 * The door where somebody is signed in from here: the one that is named, else the only one.
 * @returns undefined where none is named and nobody is signed in anywhere
 * @throws CliError GS_CLI_NOT_SIGNED_IN where one is named, GS_CLI_USAGE where several could be meant, GS_CLI_SESSION_FILE
 */
export function signedInDoor(where: DoorWhereabouts, around: Around): SignedInDoor | undefined {
  const sessions = readSessions(around)
  const named = namedDoor(where, around)
  const origins = Object.keys(sessions)
  if (named === undefined && origins.length > 1)
    throw new CliError('GS_CLI_USAGE', `You are signed in at several gateways; name one with --gateway: ${origins.join(', ')}`)
  const origin = named ?? origins[0]
  if (origin === undefined) return undefined
  const session = Object.hasOwn(sessions, origin) ? sessions[origin] : undefined
  if (session === undefined) throw new CliError('GS_CLI_NOT_SIGNED_IN', `Nobody is signed in at ${origin} from here.`)
  return { origin, send: doorTransport(origin, { ca: readCa(namedCa(where, around) ?? session.ca), token: session.token }) }
}

/** The same where there must be one. @throws CliError GS_CLI_NOT_SIGNED_IN */
export function requireDoor(where: DoorWhereabouts, around: Around): SignedInDoor {
  const door = signedInDoor(where, around)
  if (door === undefined) throw new CliError('GS_CLI_NOT_SIGNED_IN')
  return door
}
