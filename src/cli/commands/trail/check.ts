import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'

/** Percent between two words about how far it is. */
const STEP = 5

export function checkLogCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  return command(
    'check',
    'Verifies the whole published log: hashes every entry, builds the tree anew, and compares every tile, the root and the checkpoints. Beside the work of the gateway.',
    ['gatescribe trail check', 'gatescribe trail check --payloads --json'],
  )
    .option('--payloads', 'also open each payload, and hold it against what its entry commits to')
    .action(async ({ payloads, json, ...where }: Whereabouts & { payloads?: true; json?: true }) => {
      const { openedGateway } = await import('../../reach-or-open.ts')
      await using gateway = await openedGateway(where, surroundings)
      let told = ''
      for await (const line of gateway.client.checkLog(payloads === true, surroundings.signal)) {
        if ('done' in line) {
          const now = `checked ${Math.floor((line.done / line.of) * (100 / STEP)) * STEP} %`
          if (now !== told) printer.remark(`${now} of ${line.of} entries`)
          told = now
          continue
        }
        const { report } = line
        if (report.bad !== undefined) shell.exitCode = exitCodes.refused.code
        if (json) {
          printer.json(report)
          continue
        }
        const { size, root, pruned, checkpoint, witnessed, payloads: opened, bad } = report
        printer.line(`${size} entries, root ${root}`)
        if (pruned > 0) printer.line(`Those below ${pruned} are pruned: their hashes are there, they themselves are not.`)
        if (bad !== undefined) {
          printer.line(bad, 'red')
          continue
        }
        if (opened) printer.line(`${opened.opened} payloads are what their entries commit to, ${opened.erased} are erased or pruned.`)
        printer.line(checkpoint === undefined ? 'No checkpoint is signed yet.' : `The checkpoint covers ${checkpoint} of them.`)
        if (witnessed !== undefined) printer.line(`The newest one that witnesses cosigned covers ${witnessed}.`)
        printer.line('Every entry and every hash is as it was published.', 'green')
      }
    })
}
