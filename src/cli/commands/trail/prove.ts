import type { Command } from 'commander'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'

const SUFFIX = '.tlog-proof'

interface Options extends Whereabouts {
  readonly output?: string
  readonly json?: true
}

export function proveCommand({ surroundings, printer }: Shell): Command {
  return command(
    'prove',
    'Writes a proof that one entry is in the log (C2SP tlog-proof), and beside it the entry that the proof is about.',
    ['gatescribe trail prove 4711', 'gatescribe trail prove 7f3a9c21b0.1024 -o drop-table.tlog-proof'],
  )
    .argument('<entry>', 'its index, or its id')
    .option('-o, --output <file>', `the file, which must not be there yet (default: entry-<index>${SUFFIX})`)
    .action(async (ref: string, { output, json, ...where }: Options) => {
      const [{ reachGateway }, { refuseToOverwrite, writeNewFile }] = await Promise.all([
        import('../../reach.ts'),
        import('../../new-file.ts'),
      ])
      if (output !== undefined) for (const name of namesOf(output)) refuseToOverwrite(name, surroundings)
      const { index, id, entry, proof } = await reachGateway(where, surroundings).proof(ref, surroundings.signal)
      const names = namesOf(output ?? `entry-${index}${SUFFIX}`)
      for (const name of names) refuseToOverwrite(name, surroundings)
      // Byte for byte: a line break more, and it is not what the log holds.
      const entryPath = await writeNewFile(names[1], [Buffer.from(entry)], surroundings)
      const path = await writeNewFile(names[0], [Buffer.from(proof)], surroundings)
      if (json) return printer.json({ index, id, proof: path, entry: entryPath })
      printer.line(`Wrote ${path}, the proof of entry ${index}, and ${entryPath}, the entry.`)
    })
}

/** Of the proof, and of the entry beside it. */
function namesOf(proof: string): readonly [proof: string, entry: string] {
  return [proof, `${proof.endsWith(SUFFIX) ? proof.slice(0, -SUFFIX.length) : proof}.entry`]
}
