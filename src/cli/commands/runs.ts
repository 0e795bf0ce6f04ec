import type { Command } from 'commander'
import type { RunAnswer } from '../../api/local/index.ts'
import { moneyText } from '../../operations/index.ts'
import { when } from '../moments.ts'
import type { Cell } from '../printer.ts'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'
import { receiptCommand } from './runs-receipt.ts'
import { showRunCommand } from './runs-show.ts'

type Options = Whereabouts & { readonly json?: true }

export function runsCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const list = command('ls', 'Lists the runs that the gateway knows, newest first.', [
    'gatescribe runs ls',
    'gatescribe runs ls --live --json',
  ])
    .option('--live', 'only runs that are live')
    .action(async ({ json, live, ...where }: Options & { live?: true }) => {
      const { reachGateway } = await import('../reach.ts')
      const runs = (await reachGateway(where, surroundings).runs()).filter(({ state }) => !live || state === 'live')
      if (json) return printer.json(runs)
      const usesModels = runs.some(({ usage }) => usage !== undefined)
      printer.table(
        ['RUN', 'STATE', 'SESSIONS', ...(usesModels ? ['TOKENS', 'COST'] : []), 'STARTED', 'EXPIRES', 'WHO'],
        runs.map((run) => [
          run.id,
          stateOf(run),
          String(run.sessions),
          ...(usesModels ? used(run) : []),
          when(run.startedAt),
          when(run.expiresAt),
          [run.issuer, run.facts.repository ?? run.subject, run.facts.workflow, run.facts.attempt && `#${run.facts.attempt}`]
            .filter(Boolean)
            .join(' '),
        ]),
      )
    })

  const revoke = command('revoke', 'Ends a run everywhere: its sessions end within a second, its credentials never work again.', [
    'gatescribe runs revoke run_4q7ykz2m',
  ])
    .argument('<run>', 'the public id, run_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const { reachGateway } = await import('../reach.ts')
      await reachGateway(where, surroundings).revokeRun(id)
      if (json) return printer.json({ revoked: id })
      printer.line(`${id} is revoked.`)
    })

  const resume = command('resume', 'Lets a suspended run go on; what it was refused so far does not count any more.', [
    'gatescribe trail search --run run_4q7ykz2m --decision deny',
    'gatescribe runs resume run_4q7ykz2m',
  ])
    .argument('<run>', 'the public id, run_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const { reachGateway } = await import('../reach.ts')
      await reachGateway(where, surroundings).resumeRun(id)
      if (json) return printer.json({ resumed: id })
      printer.line(`${id} may go on.`)
    })

  return command('runs', 'Jobs that proved who they are.', ['gatescribe runs ls'])
    .addCommand(talksToGateway(list))
    .addCommand(talksToGateway(talksToDoor(showRunCommand(shell))))
    .addCommand(talksToGateway(revoke))
    .addCommand(talksToGateway(resume))
    .addCommand(talksToGateway(receiptCommand(shell)))
}

/** A suspended run is live, but may do nothing: that is what whoever looks must see. */
function stateOf({ state, suspended }: RunAnswer): Cell {
  if (suspended !== undefined) return { text: 'suspended', style: 'yellow' }
  return { text: state, ...(state === 'live' && { style: 'green' as const }) }
}

/** Tokens and money of its calls of models. */
function used({ usage }: RunAnswer): readonly string[] {
  if (usage === undefined) return ['', '']
  return [String(usage.inputTokens + usage.outputTokens), usage.money.map(moneyText).join(' + ')]
}
