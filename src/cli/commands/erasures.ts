import type { Command } from 'commander'
import type { ErasureRequestAnswer } from '../../api/local/index.ts'
import { when } from '../moments.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'

type Options = EitherWay & { readonly json?: true }

/** Requests for erasure, where it takes two persons. */
export function erasuresCommand({ surroundings, printer }: Shell): Command {
  const reach = async (where: Options) => (await import('../reach-signed-in.ts')).reachEitherWay(where, surroundings)

  const list = command('ls', 'Lists requests for erasure, the newest first.', ['gatescribe erasures ls']).action(
    async ({ json, ...where }: Options) => {
      const requests = await (await reach(where)).erasureRequests()
      if (json) return printer.json(requests)
      printer.table(
        ['REQUEST', 'STATE', 'ERASES', 'ASKED BY', 'ASKED', 'UNTIL'],
        requests.map((request) => [request.id, request.state, what(request), request.by, when(request.askedAt), when(request.expiresAt)]),
      )
    },
  )

  const show = command('show', 'Shows who asked for an erasure, and why. That you look is recorded.', [
    'gatescribe erasures show erq_6b1f2e…',
  ])
    .argument('<request>', 'its id, erq_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const request = await (await reach(where)).erasureRequest(id)
      if (json) return printer.json(request)
      printer.line(`${request.id}  ${request.state}`, 'bold')
      printer.line(`erases     ${what(request)}`)
      printer.line(`asked by   ${request.asker?.displayName ?? 'erased'} (${request.by}), ${when(request.askedAt)}`)
      printer.line(`because    ${request.reason ?? 'erased'}`)
      printer.line(`until      ${when(request.expiresAt)}`)
    })

  const approve = command('approve', 'Carries out what another person asked for. Look at it first, with: gatescribe erasures show.', [
    'gatescribe erasures approve erq_6b1f2e…',
  ])
    .argument('<request>', 'its id, erq_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const { reachAsPerson } = await import('../reach-signed-in.ts')
      const erased = await reachAsPerson(where, surroundings).approveErasure(id)
      if (json) return printer.json(erased)
      const { keys, sessions, runs, entry, remains } = erased
      printer.line(
        `Destroyed ${keys} payload keys, of ${sessions.length} sessions in ${runs.length} runs, and what they sealed; entry ${entry} says so.`,
      )
      if (remains !== undefined) printer.line(remains)
    })

  const deny = command('deny', 'Ends a request: nothing of it is erased. Whoever asked withdraws it so.', [
    'gatescribe erasures deny erq_6b1f2e… --reason "still needed"',
  ])
    .argument('<request>', 'its id, erq_…')
    .option('--reason <reason>', 'one line; recorded')
    .action(async (id: string, { reason, json, ...where }: Options & { reason?: string }) => {
      const request = await (await reach(where)).denyErasure(id, reason)
      if (json) return printer.json(request)
      printer.line(`${request.id} is ${request.state}.`)
    })

  const group = command('erasures', 'What one person asked to be erased, and another must approve.', ['gatescribe erasures ls'])
  for (const each of [list, show, approve, deny]) group.addCommand(talksToGateway(talksToDoor(each)))
  return group
}

function what({ scope }: ErasureRequestAnswer): string {
  if ('session' in scope) return `session ${scope.session}`
  return 'run' in scope ? `run ${scope.run}` : `person ${scope.pseudonym}`
}
