import type { Command } from 'commander'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'
import { followSessionCommand } from './sessions/follow.ts'
import { listSessionsCommand } from './sessions/list.ts'
import { showSessionCommand } from './sessions/show.ts'

type Options = EitherWay & { readonly json?: true }

export function sessionsCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const kill = command('kill', 'Ends one session within a second; its run goes on. To end the run: gatescribe runs revoke.', [
    'gatescribe sessions kill ses_9mfq2x',
  ])
    .argument('<session>', 'its id, ses_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const { reachEitherWay } = await import('../reach-signed-in.ts')
      await reachEitherWay(where, surroundings).killSession(id)
      if (json) return printer.json({ killed: id })
      printer.line(`${id} is ended.`)
    })

  const group = command('sessions', 'Connections of jobs to resources.', ['gatescribe sessions ls'])
  for (const each of [listSessionsCommand(shell), showSessionCommand(shell), followSessionCommand(shell), kill])
    group.addCommand(talksToGateway(talksToDoor(each)))
  return group
}
