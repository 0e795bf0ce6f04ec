import type { Command } from 'commander'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'

export function pruneCommand({ surroundings, printer }: Shell): Command {
  return command(
    'prune',
    'Removes what trail.retain says is too old, as the gateway does by itself each day. Hashes stay, so that proofs stay good.',
    ['gatescribe trail prune --dry-run', 'gatescribe trail prune --json'],
  )
    .option('--dry-run', 'say what would go, and take nothing')
    .action(async ({ dryRun, json, ...where }: Whereabouts & { dryRun?: true; json?: true }) => {
      const { reachGateway } = await import('../../reach.ts')
      const pruned = await reachGateway(where, surroundings).prune(dryRun === true)
      if (json) return printer.json(pruned)
      const { entriesBelow, payloadsBelow, entries, keys, holds } = pruned
      printer.line(
        `${dryRun ? 'Would go' : 'Gone'}: ${entries} entries, those below ${entriesBelow}; payloads of entries below ${payloadsBelow}, and ${keys} keys.`,
      )
      if (holds > 0) printer.line(`${holds} holds keep what they are of.`)
    })
}
