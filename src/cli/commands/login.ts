import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { SignInClient } from '../../api/admin/client.ts'
import type { DeviceAnswer } from '../../api/admin/sign-in-schemas.ts'
import type { DoorWhereabouts } from '../door.ts'
import { CliError } from '../errors.ts'
import { command, jsonOption, type Shell, talksToDoor } from '../shell.ts'

type Options = DoorWhereabouts & { readonly issuer?: string; readonly json?: true }

/** How often it is said that it still waits; ms. */
const SAY_EVERY = 30_000
/** The issuer may be away for a moment: that ends no sign-in. */
const PASSING: ReadonlySet<string> = new Set([
  'GS_PEOPLE_ISSUER_UNAVAILABLE',
  'GS_PEOPLE_BUSY',
  'GS_ADMIN_THROTTLED',
  'GS_ADMIN_UNREACHABLE',
])

export function loginCommand(shell: Shell): Command {
  const { printer } = shell
  const login = command(
    'login',
    'Signs you in at a gateway: it shows an address and a code, which you open and confirm in any browser. What it gets is kept in a file that only you can read.',
    [
      'gatescribe login --gateway https://gw.example.org:8445',
      'gatescribe login --gateway https://gw.example.org:8445 --issuer okta --ca gatescribe-ca.pem',
    ],
  )
    .option('--issuer <name>', 'who signs you in, where there are several')
    .action(async ({ issuer, json, ...where }: Options) => {
      const { origin, me } = await signIn(where, shell, issuer, json)
      if (json) return printer.jsonLine({ gateway: origin, ...me })
      printer.line(`Signed in at ${origin} as ${me.displayName}; roles: ${me.roles.join(', ')}.`)
    })
  return talksToDoor(login).option(jsonOption[0], 'print JSON lines: what to open, then who you are')
}

/** Signs somebody in at the door that is named, and keeps their session. @throws CodedError */
export async function signIn(where: DoorWhereabouts, shell: Shell, issuer?: string, json?: true) {
  const { surroundings } = shell
  const [{ namedCa, namedDoor, readCa }, { keepSession, readSessions }, { doorTransport, signInClient }] = await Promise.all([
    import('../door.ts'),
    import('../session-file.ts'),
    import('../../api/admin/client.ts'),
  ])
  const origin = namedDoor(where, surroundings)
  if (origin === undefined)
    throw new CliError('GS_CLI_USAGE', 'The gateway is named with --gateway https://host:port, or by GATESCRIBE_ADMIN.')
  const ca = namedCa(where, surroundings)
  const pem = readCa(ca)
  // Before anybody goes to a browser for nothing.
  const before = readSessions(surroundings)[origin]
  const client = signInClient(doorTransport(origin, { ca: pem }))
  const begun = await client.begin(issuer ?? (await onlyIssuer(client)))
  say(begun, shell, json)
  const token = await confirmed(client, begun, shell)
  keepSession(origin, { token, ...(ca !== undefined && { ca }) }, surroundings)
  if (before)
    await signInClient(doorTransport(origin, { ca: pem, token: before.token }))
      .signOut()
      .catch(() => undefined)
  const { csrf: _, ...me } = await signInClient(doorTransport(origin, { ca: pem, token })).me()
  return { origin, me }
}

async function onlyIssuer(client: SignInClient): Promise<string> {
  const issuers = await client.issuers()
  const [only] = issuers
  if (only !== undefined && issuers.length === 1) return only.name
  throw new CliError('GS_CLI_USAGE', `Choose who signs you in with --issuer: ${issuers.map(({ name }) => name).join(', ')}`)
}

function say(
  { userCode, verificationUri, verificationUriComplete, expiresIn }: DeviceAnswer,
  { printer }: Shell,
  json: true | undefined,
): void {
  if (json) {
    printer.jsonLine({ userCode, verificationUri, ...(verificationUriComplete && { verificationUriComplete }), expiresIn })
    return
  }
  printer.line(`Open   ${verificationUri}`)
  printer.line(`Code   ${userCode}`, 'bold')
  if (verificationUriComplete !== undefined) printer.line(`Or     ${verificationUriComplete}`)
  printer.remark('Confirm only a code that stands here. Waiting …')
}

/** @returns the token. @throws what ends the sign-in */
async function confirmed(
  client: SignInClient,
  { handle, interval, expiresIn }: DeviceAnswer,
  { surroundings, printer }: Shell,
): Promise<string> {
  const until = Date.now() + expiresIn * 1000
  let said = Date.now()
  for (let wait = interval; ; ) {
    await sleep(wait * 1000, undefined, { signal: surroundings.signal })
    try {
      const answer = await client.poll(handle)
      if (answer.state === 'signed-in') return answer.token
      wait = answer.interval
    } catch (error) {
      if (!PASSING.has((error as { code?: string }).code ?? '') || Date.now() >= until) throw error
    }
    if (Date.now() - said >= SAY_EVERY) {
      said = Date.now()
      printer.remark(`Still waiting; the code is good for ${Math.max(0, Math.round((until - said) / 1000))} s more.`)
    }
  }
}
