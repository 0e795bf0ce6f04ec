import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import type { BreakGlassAnswer, LocalClient } from '../../api/local/index.ts'
import { exitCodes } from '../exit-codes.ts'
import { when } from '../moments.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'

type Options = EitherWay & { readonly json?: true }

/** How often it is asked whether somebody answered, and said that nobody has; ms. */
const [ASKED_EVERY, SAID_EVERY] = [1_000, 30_000]
/** The gateway may be away for a moment, or have had enough: that ends no waiting. */
const PASSING: ReadonlySet<string> = new Set(['GS_ADMIN_UNREACHABLE', 'GS_ADMIN_THROTTLED'])

/** What two persons open for one of them in an emergency. */
export function breakGlassCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const reach = async (where: Options) => (await import('../reach-signed-in.ts')).reachEitherWay(where, surroundings)
  const asPerson = async (where: Options) => (await import('../reach-signed-in.ts')).reachAsPerson(where, surroundings)

  const request = command(
    'request',
    'Asks to use resources whatever the rules say, for at most an hour. Another person confirms it; everything is recorded, and reviewed afterwards.',
    [
      'gatescribe breakglass request orders-db --reason "orders are stuck, ticket 4711"',
      'gatescribe breakglass request orders-db users-db --minutes 15 --reason "ticket 4711" --wait',
    ],
  )
    .argument('<resources...>', 'names of resources')
    .requiredOption('--reason <reason>', 'one line; recorded, and others read it')
    .option('--minutes <number>', 'how long it is to be open, up to 60', minutesOf, 30)
    .option('--wait', 'wait until somebody answers')
    .action(async (resources: string[], { reason, minutes, wait, json, ...where }: Options & RequestOptions) => {
      const client = await asPerson(where)
      const asked = await client.requestBreakGlass({ resources, reason, minutes })
      if (wait && !json)
        printer.line(`${asked.id} is requested. Another person confirms it with: gatescribe breakglass confirm ${asked.id}`)
      const answered = wait ? await answerTo(client, asked, shell) : asked
      if (wait && answered.state !== 'open') shell.exitCode = exitCodes.refused.code
      if (json) return printer.json(answered)
      if (wait) printer.line(outcome(answered))
      else {
        printer.line(`${asked.id} is requested, and waits until ${when(asked.expiresAt)} for another person to run:`)
        printer.line(`  gatescribe breakglass confirm ${asked.id}`)
      }
    })

  const confirm = command('confirm', 'Opens what another person asked for. Look at it first, with: gatescribe breakglass show.', [
    'gatescribe breakglass confirm bgl_6b1f2e…',
  ])
    .argument('<request>', 'its id, bgl_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const opened = await (await asPerson(where)).confirmBreakGlass(id)
      if (json) return printer.json(opened)
      printer.line(outcome(opened))
    })

  const list = command('ls', 'Lists what was asked for and what became of it, the newest first.', [
    'gatescribe breakglass ls',
    'gatescribe breakglass ls --unreviewed',
  ])
    .option('--unreviewed', 'only what is closed and awaits review')
    .action(async ({ unreviewed, json, ...where }: Options & { readonly unreviewed?: true }) => {
      const all = await (await reach(where)).breakGlasses()
      const found = unreviewed ? all.filter(({ state }) => state === 'closed') : all
      if (json) return printer.json(found)
      printer.table(
        ['REQUEST', 'STATE', 'RESOURCES', 'FOR', 'CONFIRMED BY', 'REQUESTED', 'UNTIL'],
        found.map((one) => [
          one.id,
          { text: one.state, ...(one.state === 'open' || one.state === 'closed' ? { style: 'red' as const } : {}) },
          one.resources.join(', '),
          one.by,
          one.confirmedBy ?? '',
          when(one.requestedAt),
          when(one.until ?? one.expiresAt),
        ]),
      )
    })

  const show = command('show', 'Shows who asked, why, who confirmed it and what a review found. That you look is recorded.', [
    'gatescribe breakglass show bgl_6b1f2e…',
  ])
    .argument('<request>', 'its id, bgl_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const shown = await (await reach(where)).breakGlass(id)
      if (json) return printer.json(shown)
      printer.line(`${shown.id}  ${shown.state}${shown.why === undefined ? '' : ` (${shown.why})`}`, 'bold')
      printer.line(`resources     ${shown.resources.join(', ')}`)
      printer.line(`for           ${shown.asker?.displayName ?? 'erased'} (${shown.by}), ${when(shown.requestedAt)}`)
      printer.line(`because       ${shown.reason ?? 'erased'}`)
      printer.line(`for how long  ${shown.minutes} minutes${shown.until === undefined ? '' : `, until ${when(shown.until)}`}`)
      if (shown.confirmedBy !== undefined) printer.line(`confirmed by  ${shown.confirmer?.displayName ?? 'erased'} (${shown.confirmedBy})`)
      if (shown.endedAt !== undefined)
        printer.line(`ended         ${when(shown.endedAt)}${shown.endedBy === undefined ? '' : `, by ${shown.endedBy}`}`)
      if (shown.reviewedBy !== undefined)
        printer.line(`reviewed by   ${shown.reviewer?.displayName ?? 'erased'} (${shown.reviewedBy}): ${shown.note ?? 'erased'}`)
    })

  const close = command('close', 'Ends what is open at once, with every session that used it. What only waits is withdrawn, or denied.', [
    'gatescribe breakglass close bgl_6b1f2e… --reason "orders flow again"',
  ])
    .argument('<request>', 'its id, bgl_…')
    .option('--reason <reason>', 'one line; recorded')
    .action(async (id: string, { reason, json, ...where }: Options & { readonly reason?: string }) => {
      const closed = await (await reach(where)).closeBreakGlass(id, reason)
      if (json) return printer.json(closed)
      printer.line(outcome(closed))
    })

  const review = command(
    'review',
    'Says that you looked at what was done; not for the person whom it was for. See it with: gatescribe trail search --break-glass bgl_… --payloads.',
    ['gatescribe breakglass review bgl_6b1f2e… --note "one row of orders was changed, as ticket 4711 says"'],
  )
    .argument('<request>', 'its id, bgl_…')
    .requiredOption('--note <note>', 'what you found, one line; recorded')
    .action(async (id: string, { note, json, ...where }: Options & { readonly note: string }) => {
      const reviewed = await (await asPerson(where)).reviewBreakGlass(id, note)
      if (json) return printer.json(reviewed)
      printer.line(outcome(reviewed))
    })

  const group = command('breakglass', 'What two persons open for one of them in an emergency, whatever the rules say.', [
    'gatescribe breakglass request orders-db --reason "ticket 4711"',
  ])
  for (const each of [request, confirm, list, show, close, review]) group.addCommand(talksToGateway(talksToDoor(each)))
  return group
}

interface RequestOptions {
  readonly reason: string
  readonly minutes: number
  readonly wait?: true
}

/** @returns it as it is once it waits no more */
async function answerTo(client: LocalClient, asked: BreakGlassAnswer, { surroundings, printer }: Shell): Promise<BreakGlassAnswer> {
  for (let said = Date.now(); ; ) {
    await sleep(ASKED_EVERY, undefined, { signal: surroundings.signal })
    try {
      const now = (await client.breakGlasses()).find(({ id }) => id === asked.id)
      if (now && now.state !== 'requested') return now
    } catch (error) {
      if (!PASSING.has((error as { code?: string }).code ?? '')) throw error
    }
    if (Date.now() - said < SAID_EVERY) continue
    said = Date.now()
    printer.remark(`Still waiting for another person, until ${when(asked.expiresAt)} …`)
  }
}

function outcome({ id, state, until, resources }: BreakGlassAnswer): string {
  if (state === 'open') return `${id} is open until ${when(until ?? '')}, on ${resources.join(', ')}. Sessions must be opened while it is.`
  return state === 'closed' ? `${id} is closed, and awaits review: gatescribe breakglass review ${id}` : `${id} is ${state}.`
}

function minutesOf(text: string): number {
  const minutes = Number(text)
  if (!/^[1-9]\d?$/.test(text) || minutes > 60) throw new InvalidArgumentError('It is a whole number of minutes, from 1 to 60.')
  return minutes
}
