import { type Command, InvalidArgumentError } from 'commander'
import { entryLine } from '../entry-line.ts'
import { printPayloads } from '../print-payloads.ts'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'
import { checkLogCommand } from './trail/check.ts'
import { discloseCommand } from './trail/disclose.ts'
import { eraseCommand } from './trail/erase.ts'
import { exportCommand } from './trail/export.ts'
import { holdCommand } from './trail/hold.ts'
import { proveCommand } from './trail/prove.ts'
import { pruneCommand } from './trail/prune.ts'
import { reindexCommand } from './trail/reindex.ts'
import { searchCommand } from './trail/search.ts'

type Options = Whereabouts & { readonly json?: true }
type TailOptions = Options & { from?: number; follow?: true; payloads?: true; kind?: string; run?: string; session?: string }

export function trailCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const tail = command('tail', 'Prints entries of the trail, in order. Reading it is recorded too.', [
    'gatescribe trail tail -f',
    'gatescribe trail tail --from 0 --run run_4q7ykz2m --json | jq .kind',
  ])
    .option('--from <index>', 'the first entry; negative counts from the end (default: -20, or 0 with a filter)', wholeNumber)
    .option('-f, --follow', 'wait for more')
    .option('--kind <kind>', 'only this kind, or its family: operation, operation.intent')
    .option('--run <run>', 'only what belongs to this run')
    .option('--session <session>', 'only what belongs to this session')
    .option('--payloads', 'open what stands beside the log: statements, requests, parameters, names')
    .action(async ({ json, from, follow, payloads, kind, run, session, ...where }: TailOptions) => {
      const { reachGateway } = await import('../reach.ts')
      const filter = { ...(kind && { kind }), ...(run && { run }), ...(session && { session }) }
      const first = from ?? (Object.keys(filter).length > 0 ? 0 : -20)
      const query = { from: first, follow: follow === true, opened: payloads === true, filter }
      for await (const entry of reachGateway(where, surroundings).trail(query, surroundings.signal)) {
        if (json) printer.jsonLine(entry)
        else {
          printer.line(entryLine(entry))
          printPayloads(entry, printer)
        }
      }
    })

  const show = command('show', 'Shows one entry with everything that belongs to it.', ['gatescribe trail show 4711'])
    .argument('<entry>', 'its index, or its id')
    .action(async (ref: string, { json, ...where }: Options) => {
      const { reachGateway } = await import('../reach.ts')
      const entry = await reachGateway(where, surroundings).entry(ref)
      if (json) return printer.json(entry)
      printer.line(`entry ${entry.index}  ${entry.id}`, 'bold')
      printer.line(`${entry.kind}  ${entry.at}`)
      printer.block(JSON.stringify(entry.fields, undefined, 2), 2)
      printPayloads(entry, printer)
    })

  return command('trail', 'What was asked, decided and done.', ['gatescribe trail tail -f'])
    .addCommand(talksToGateway(tail))
    .addCommand(talksToGateway(show))
    .addCommand(talksToGateway(searchCommand(shell)))
    .addCommand(talksToGateway(checkLogCommand(shell)))
    .addCommand(talksToGateway(reindexCommand(shell)))
    .addCommand(talksToGateway(exportCommand(shell)))
    .addCommand(talksToGateway(proveCommand(shell)))
    .addCommand(talksToGateway(discloseCommand(shell)))
    .addCommand(talksToGateway(talksToDoor(eraseCommand(shell))))
    .addCommand(holdCommand(shell))
    .addCommand(talksToGateway(pruneCommand(shell)))
}

function wholeNumber(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a whole number.')
  return Number(text)
}
