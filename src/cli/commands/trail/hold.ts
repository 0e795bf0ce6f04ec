import type { Command } from 'commander'
import type { HoldAnswer } from '../../../api/local/index.ts'
import { when } from '../../moments.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell, talksToGateway } from '../../shell.ts'

type Options = Whereabouts & { readonly json?: true }

export function holdCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const reach = async (where: Whereabouts) => (await import('../../reach.ts')).reachGateway(where, surroundings)
  const told = (hold: HoldAnswer, json: true | undefined, sentence: string) => {
    if (json) printer.json(hold)
    else printer.line(sentence)
  }

  const place = command('place', 'Protects a run from erasure and retention, and copies its entries with their proofs.', [
    'gatescribe trail hold place --run run_4q7ykz2m --reason "case 4711"',
  ])
    .requiredOption('--run <run>', 'the public id, run_…')
    .requiredOption('--reason <reason>', 'one line')
    .option('--name <name>', 'what people call it')
    .action(async ({ run, reason, name, json, ...where }: Options & { run: string; reason: string; name?: string }) => {
      const hold = await (await reach(where)).placeHold({ run, reason, ...(name !== undefined && { name }) })
      told(hold, json, `${hold.id} holds ${hold.run}; entry ${hold.entry} says so.`)
    })

  const list = command('ls', 'Lists the holds, in the order in which they were placed.', ['gatescribe trail hold ls']).action(
    async ({ json, ...where }: Options) => {
      const holds = await (await reach(where)).holds()
      if (json) return printer.json(holds)
      printer.table(
        ['HOLD', 'RUN', 'SINCE', 'COPY', 'WHY'],
        holds.map(({ id, run, name, placedAt, copy, reason }) => [
          id,
          run,
          when(placedAt),
          copy ? `${copy.entries} entries${copy.whole ? '' : ', not whole'}` : 'not yet',
          name === undefined ? reason : `${name}: ${reason}`,
        ]),
      )
    },
  )

  const lift = command('lift', 'Ends a hold: what it protected is as any other from then on.', [
    'gatescribe trail hold lift hold_4q7ykz2m --reason "case closed"',
  ])
    .argument('<hold>', 'its id, as trail hold ls shows it')
    .requiredOption('--reason <reason>', 'one line')
    .action(async (id: string, { reason, json, ...where }: Options & { reason: string }) => {
      const hold = await (await reach(where)).liftHold(id, reason)
      told(hold, json, `${hold.id} is lifted.`)
    })

  const write = command('export', 'Writes the copy that a hold has of its run as a bundle, also where the log has it no more.', [
    'gatescribe trail hold export hold_4q7ykz2m -o run.tar',
  ])
    .argument('<hold>', 'its id, as trail hold ls shows it')
    .option('--payloads', 'with the payloads, in clear')
    .requiredOption('-o, --output <file>', 'the file, which must not be there yet; readable by its owner only')
    .action(async (id: string, { payloads, output, json, ...where }: Options & { payloads?: true; output: string }) => {
      const { writeNewFile } = await import('../../new-file.ts')
      const bytes = (await reach(where)).exportHold(id, payloads === true, surroundings.signal)
      const path = await writeNewFile(output, bytes, surroundings)
      if (json) return printer.json({ path })
      printer.line(`Wrote ${path}.`)
    })

  return command('hold', 'Legal holds: runs that neither erasure nor retention may touch.', ['gatescribe trail hold ls'])
    .addCommand(talksToGateway(place))
    .addCommand(talksToGateway(list))
    .addCommand(talksToGateway(lift))
    .addCommand(talksToGateway(write))
}
