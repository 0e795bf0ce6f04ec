import type { Command } from 'commander'
import type { StatusAnswer } from '../../api/local/index.ts'
import { exitCodes } from '../exit-codes.ts'
import { when } from '../moments.ts'
import type { Cell } from '../printer.ts'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell, talksToGateway } from '../shell.ts'

type Options = Whereabouts & { readonly json?: true }

function breakGlassRows({ breakGlass }: StatusAnswer): [string, string | Cell][] {
  if (!breakGlass) return []
  const { requested, open, unreviewed } = breakGlass
  const text = `${open} open, ${requested} wait for a second person, ${unreviewed} await review`
  return [['break-glass', requested + open + unreviewed === 0 ? text : { text, style: 'red' }]]
}

function witnessRows({ witnesses }: StatusAnswer['log']): [string, string | Cell][] {
  if (!witnesses) return []
  const { need, of, asked, age } = witnesses
  const quorum = !asked
    ? 'not asked yet: nothing is signed'
    : age === 0
      ? 'cosigned'
      : `the oldest checkpoint without them waits for ${age} ms`
  return [
    ['witnesses', `${need} of ${of.length} needed; ${quorum}`],
    ...of.map(({ name, url, size, error }): [string, string | Cell] => [
      `  ${name}`,
      error === undefined ? `${url}${size === undefined ? '' : `, ${size} entries`}` : { text: `${url}: ${error}`, style: 'red' },
    ]),
  ]
}

export function statusCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const status = command('status', 'Says how the running gateway is: whether it forwards, and how much of its log can be proven.', [
    'gatescribe status',
    'gatescribe status --json | jq .log.checkpointAge',
  ]).action(async ({ json, ...where }: Options) => {
    const { reachGateway } = await import('../reach.ts')
    const found = await reachGateway(where, surroundings).status()
    if (found.unavailable !== undefined) shell.exitCode = exitCodes.refused.code
    if (json) return printer.json(found)
    const { log, listening } = found
    printer.table(
      ['WHAT', 'HOW'],
      [
        ['gateway', `${found.origin}, version ${found.version}, process ${found.process}, since ${when(found.startedAt)}`],
        [
          'forwards',
          found.unavailable === undefined ? { text: 'yes', style: 'green' } : { text: `no: ${found.unavailable}`, style: 'red' },
        ],
        ['trail', found.trail],
        ['log', `${log.name}, ${log.size} entries published${log.minimum > 0 ? `, those below ${log.minimum} pruned` : ''}`],
        ['checkpoint', log.checkpointAge === 0 ? 'covers every entry' : `the oldest entry without one waits for ${log.checkpointAge} ms`],
        ...witnessRows(log),
        ...breakGlassRows(found),
        ['policy', found.policy],
        ['configuration', found.configPath],
        ...Object.entries(listening).map(([door, address]) => [`${door} door`, String(address)]),
      ],
    )
  })
  return talksToGateway(status)
}
