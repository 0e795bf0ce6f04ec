import { type LocalClient, localClient } from '../api/local/index.ts'
import { type DoorWhereabouts, requireDoor, signedInDoor } from './door.ts'
import { CliError } from './errors.ts'
import { reachGateway, type Whereabouts } from './reach.ts'
import type { Surroundings } from './surroundings.ts'

type Around = Pick<Surroundings, 'env' | 'folder'>

/** Options that say which gateway is meant, and whether at its admin door. */
export type EitherWay = Whereabouts & DoorWhereabouts

/**
 * As the person who is signed in, else over the local socket: where nobody is, or where it is named.
 * @throws CliError, LocalError
 */
export function reachEitherWay({ gateway, ca, ...local }: EitherWay, around: Around): LocalClient {
  const namesSocket = local.config !== undefined || local.socket !== undefined
  if (namesSocket && gateway !== undefined) throw new CliError('GS_CLI_USAGE', 'Either --gateway, or -c or --socket.')
  const door = namesSocket ? undefined : signedInDoor({ ...(gateway && { gateway }), ...(ca && { ca }) }, around)
  return door ? localClient(door.send) : reachGateway(local, around)
}

/** As the person who is signed in: whoever may open the socket is told so before anything is asked. @throws CliError GS_CLI_NOT_SIGNED_IN */
export function reachAsPerson(where: EitherWay, around: Around): LocalClient {
  return localClient(requireDoor(where, around).send)
}
