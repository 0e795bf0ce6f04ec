import type { Command } from 'commander'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell } from '../shell.ts'

interface Options extends Whereabouts {
  readonly output: string
  readonly json?: true
}

export function receiptCommand({ surroundings, printer }: Shell): Command {
  return command(
    'receipt',
    'Writes the receipt of a run that is over: that it began and ended, what it came to, and that this is in the log.',
    ['gatescribe runs receipt run_4q7ykz2m', 'gatescribe runs receipt run_4q7ykz2m -o evidence/receipt.json'],
  )
    .argument('<run>', 'the public id, run_…')
    .option('-o, --output <file>', 'the file, which must not be there yet', 'gatescribe-receipt.json')
    .action(async (run: string, { output, json, ...where }: Options) => {
      const [{ reachGateway }, { refuseToOverwrite, writeNewFile }] = await Promise.all([import('../reach.ts'), import('../new-file.ts')])
      refuseToOverwrite(output, surroundings)
      const text = await reachGateway(where, surroundings).receipt(run)
      const path = await writeNewFile(output, [Buffer.from(text)], surroundings)
      if (json) return printer.json({ path, run })
      printer.line(`Wrote ${path}, the receipt of ${run}.`)
    })
}
