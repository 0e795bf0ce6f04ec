import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'

/** Percent between two words about how far it is. */
const STEP = 5

export function reindexCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  return command(
    'reindex',
    'Builds the search index again from the log, then derives every entry anew and compares: that nothing is missing, and nothing there that the log does not say.',
    ['gatescribe trail reindex', 'gatescribe trail reindex --check --json'],
  )
    .option('--check', 'only compare; exit code 1 where index and log differ')
    .action(async ({ check, json, ...where }: Whereabouts & { check?: true; json?: true }) => {
      const { reachGateway } = await import('../../reach.ts')
      let told = ''
      for await (const line of reachGateway(where, surroundings).reindex(check === true, surroundings.signal)) {
        if ('phase' in line) {
          const percent = line.of === 0 ? 100 : Math.floor((line.done / line.of) * (100 / STEP)) * STEP
          const now = `${line.phase === 'build' ? 'built' : 'checked'} ${percent} %`
          if (now !== told) printer.remark(`${now} of ${line.of} entries`)
          told = now
          continue
        }
        const { report } = line
        if (report.differences > 0) shell.exitCode = exitCodes.refused.code
        if (json) {
          printer.json(report)
          continue
        }
        const { first, end, terms, digest, differences, examples, unreadable } = report
        printer.line(`${end - first} entries from ${first} on, ${terms} terms, sha256:${digest}`)
        if (unreadable > 0) printer.line(`${unreadable} entries have payloads that cannot be read; trail show says why.`, 'yellow')
        if (differences === 0) printer.line('The index is complete, and holds nothing that the log does not say.', 'green')
        else printer.line(`Index and log differ ${differences} times:`, 'red')
        for (const { entry, what } of examples) printer.line(`  entry ${entry}: ${what}`)
      }
    })
}
