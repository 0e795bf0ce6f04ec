import type { DoorWhereabouts } from '../door.ts'
import { CliError } from '../errors.ts'
import type { Shell } from '../shell.ts'
import type { Surroundings } from '../surroundings.ts'
import { type GatewayRun, runOfHandle } from './gateway-run.ts'

export interface PersonOptions {
  /** URL of the admin door, where people sign in. */
  readonly admin?: string
  readonly ca?: string
  /** Seconds. */
  readonly lease: number
}

/** Whether somebody is there who could sign in. */
export function isAttended({ stdin, stderr }: Pick<Surroundings, 'stdin' | 'stderr'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true
}

/** Begins a run of whoever is signed in from here; where nobody is, they sign in now. @throws CodedError */
export async function beginPersonRun({ admin, ca, lease }: PersonOptions, shell: Shell): Promise<GatewayRun> {
  const { surroundings } = shell
  const where: DoorWhereabouts = { ...(admin !== undefined && { gateway: admin }), ...(ca !== undefined && { ca }) }
  const [{ readCa, namedCa, requireDoor, signedInDoor }, { ownRunClient }, { TokenDoorClient }] = await Promise.all([
    import('../door.ts'),
    import('../../api/admin/client.ts'),
    import('../../api/token/client.ts'),
  ])
  const door = signedIn(() => signedInDoor(where, surroundings)) ?? (await signInNow(where, shell, () => requireDoor(where, surroundings)))
  const { exchange, gateway, ca: told } = await ownRunClient(door.send).launch()
  const trusted = readCa(namedCa(where, surroundings)) ?? told
  const client = new TokenDoorClient(gateway, trusted)
  return {
    id: exchange.gatescribe.run,
    planes: exchange.gatescribe.planes,
    expiresIn: exchange.expires_in,
    identity: `person at ${door.origin}`,
    gateway: new URL(gateway),
    proof: undefined,
    ca: trusted,
    ...runOfHandle(client, exchange.access_token, lease),
  }
}

/** A door where nobody is signed in is as good as none. */
function signedIn<Door>(find: () => Door | undefined): Door | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof CliError && error.code === 'GS_CLI_NOT_SIGNED_IN') return undefined
    throw error
  }
}

/** As `gatescribe login` does it, but what it says goes to standard error: standard output is the job's. */
async function signInNow<Door>(where: DoorWhereabouts, shell: Shell, find: () => Door): Promise<Door> {
  const { surroundings } = shell
  if (where.gateway === undefined && !surroundings.env.GATESCRIBE_ADMIN) throw new CliError('GS_CLI_NOT_SIGNED_IN')
  if (!isAttended(surroundings)) throw new CliError('GS_CLI_NOT_SIGNED_IN')
  const [{ createPrinter }, { signIn }] = await Promise.all([import('../printer.ts'), import('../commands/login.ts')])
  const { stderr } = surroundings
  await signIn(where, { ...shell, printer: createPrinter({ ...surroundings, stdout: stderr }) })
  return find()
}
