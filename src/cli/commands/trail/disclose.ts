import type { Command } from 'commander'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'

interface Options extends Whereabouts {
  readonly payload?: readonly string[]
  readonly output: string
  readonly json?: true
}

export function discloseCommand({ surroundings, printer }: Shell): Command {
  return command(
    'disclose',
    'Writes one entry with its proof and the payloads that an auditor is to see, with what it takes to check them; none of any other entry.',
    ['gatescribe trail disclose 4711 -o disclosure.json', 'gatescribe trail disclose 4711 --payload statement.1 -o disclosure.json'],
  )
    .argument('<entry>', 'its index, or its id')
    .option('--payload <name...>', 'only these payloads (default: all that have not been erased)')
    .requiredOption('-o, --output <file>', 'the file, which must not be there yet; readable by its owner only')
    .action(async (ref: string, { payload, output, json, ...where }: Options) => {
      const [{ reachGateway }, { refuseToOverwrite, writeNewFile }] = await Promise.all([
        import('../../reach.ts'),
        import('../../new-file.ts'),
      ])
      refuseToOverwrite(output, surroundings)
      const text = await reachGateway(where, surroundings).disclosure(ref, payload, surroundings.signal)
      const path = await writeNewFile(output, [Buffer.from(text)], surroundings)
      const { entry, payloads } = JSON.parse(text) as { entry: { index: number }; payloads: { name: string }[] }
      const names = payloads.map(({ name }) => name)
      if (json) return printer.json({ path, index: entry.index, payloads: names })
      printer.line(`Wrote ${path}: entry ${entry.index} with ${names.length === 0 ? 'no payloads' : names.join(', ')}, in clear.`)
    })
}
