import type { Command } from 'commander'
import type { EitherWay } from '../../reach-signed-in.ts'
import { command, type Shell } from '../../shell.ts'

type Options = EitherWay & { readonly statements?: true; readonly json?: true }

export function followSessionCommand({ surroundings, printer }: Shell): Command {
  return command(
    'follow',
    'Shows what a live session does, as soon as the trail has it: statements, decisions, and what its client is shown where that is recorded. Ends with the session, or with Ctrl-C. Recorded.',
    ['gatescribe sessions follow ses_9mfq2x', 'gatescribe sessions follow ses_9mfq2x --statements --json | jq .operation'],
  )
    .argument('<session>', 'its id, ses_…')
    .option('--statements', 'not what the client is shown')
    .action(async (id: string, { statements, json, ...where }: Options) => {
      const [{ reachEitherWay }, { beats }, { printBeat }, { asJsonLines }] = await Promise.all([
        import('../../reach-signed-in.ts'),
        import('../../replay/beats.ts'),
        import('../../replay/print-beat.ts'),
        import('../../replay/as-json-lines.ts'),
      ])
      const asked = { follow: 'true', recording: statements ? 'false' : 'any' }
      const lines = reachEitherWay(where, surroundings).transcript(id, asked, surroundings.signal)
      if (json) for await (const line of asJsonLines(lines)) printer.jsonLine(line)
      else for await (const beat of beats(lines, 'live')) printBeat(beat, printer)
    })
}
