import { type Command, InvalidArgumentError, Option } from 'commander'
import type { LogKeyAnswer, LogKeysAnswer } from '../../api/local/index.ts'
import { durationOf, when } from '../moments.ts'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell, talksToGateway } from '../shell.ts'

type Options = Whereabouts & { readonly json?: true }

const WEEK = '7d'

export function keysCommand({ surroundings, printer }: Shell): Command {
  async function opened(where: Whereabouts) {
    const { openedGateway } = await import('../reach-or-open.ts')
    return openedGateway(where, surroundings)
  }

  /** Verifier keys alone on standard output, so that they can go into a policy or a witness's command line. */
  function print({ keys }: LogKeysAnswer): void {
    for (const { vkey } of keys.filter(signs)) printer.line(vkey)
    for (const { vkey, until } of keys.filter(signs)) if (until !== undefined) printer.remark(`${idOf(vkey)} signs until ${when(until)}.`)
    const next = keys.find(({ state }) => state === 'next')
    if (next) printer.remark(`${idOf(next.vkey)} signs once a checkpoint covers the entry that tells of it: ${next.vkey}`)
  }

  async function replace(where: Whereabouts, json: true | undefined): Promise<void> {
    const [{ replaceCompromisedLog }, { configPath }, { createLog }] = await Promise.all([
      import('../../gateway/index.ts'),
      import('../reach.ts'),
      import('../log.ts'),
    ])
    const log = createLog({ format: 'json', level: 'error', destination: surroundings.stderr })
    const replaced = await replaceCompromisedLog(configPath(where, surroundings), log)
    if (json) return printer.json(replaced)
    const { origin, size, root } = replaced.previous
    for (const vkey of replaced.keys) printer.line(vkey)
    printer.remark(`${origin} is closed with ${size} entries and the root ${root}: what goes beyond that is not of this gateway.`)
    printer.remark(
      `${replaced.log} goes on. Name the key above to witnesses and auditors, with that size and root, then start the gateway.`,
    )
  }

  const show = command('show', 'Prints the verifier keys of the keys that sign the log now, one per line.', [
    'gatescribe keys show',
    'gatescribe keys show --history --json',
  ])
    .option('--history', 'all keys that ever signed, also of logs before this one, and since when')
    .action(async ({ json, history, ...where }: Options & { history?: true }) => {
      await using gateway = await opened(where)
      const found = await gateway.client.logKeys()
      const shown = { ...found, keys: found.keys.filter(({ state }) => history || state !== 'former') }
      if (json) return printer.json(shown)
      if (!history) return print(shown)
      printer.table(
        ['STATE', 'SINCE', 'UNTIL', 'VERIFIER KEY'],
        shown.keys.map(({ state, since, until, vkey }) => [state, since ? when(since) : '-', until ? when(until) : '-', vkey]),
      )
    })

  const make = command(
    'new',
    'Makes the first key of the log before the first start, and prints its verifier key for a witness or an auditor.',
    ['gatescribe keys new'],
  ).action(async ({ json, ...where }: Options) => {
    const begun = Date.now()
    await using gateway = await opened(where)
    const found = await gateway.client.logKeys()
    const keys = found.keys.filter(signs)
    const made = found.keys.length === 1 && Date.parse(keys[0]?.since ?? '') >= begun
    if (json) return printer.json({ ...found, keys, made })
    print({ ...found, keys })
    printer.remark(
      made
        ? `The key of ${found.log} is made. Name the line above to witnesses and auditors, then start the gateway.`
        : `${found.log} had its key already; to change it: gatescribe keys rotate`,
    )
  })

  const rotate = command(
    'rotate',
    'Lets another key sign the log from now on. The one before it signs too for a while, so that witnesses and auditors can be told meanwhile; then it is destroyed.',
    ['gatescribe keys rotate', 'gatescribe keys rotate --overlap 30d', 'gatescribe keys rotate --compromised'],
  )
    .option('--overlap <time>', 'how long both sign: 90s, 12h, 7d', overlapOf, WEEK)
    .addOption(
      new Option(
        '--compromised',
        'somebody else may have the key: closes the log and begins another one under the next name, while no gateway runs',
      ).conflicts('overlap'),
    )
    .action(async ({ json, overlap, compromised, ...where }: Options & { overlap: string; compromised?: true }) => {
      if (compromised) return replace(where, json)
      await using gateway = await opened(where)
      const found = await gateway.client.rotateLogKey(durationOf(overlap) as number)
      const keys = found.keys.filter(({ state }) => state !== 'former')
      if (json) return printer.json({ ...found, keys })
      print({ ...found, keys })
      printer.remark('Name the newest to witnesses and auditors, beside the key that they know.')
    })

  return command('keys', 'The keys that sign the checkpoints of the log.', ['gatescribe keys show'])
    .addCommand(talksToGateway(show))
    .addCommand(talksToGateway(make))
    .addCommand(talksToGateway(rotate))
}

const signs = ({ state }: LogKeyAnswer) => state === 'signs'

/** Name and id of a verifier key, without the key itself. */
function idOf(vkey: string): string {
  return vkey.split('+', 2).join('+')
}

function overlapOf(text: string): string {
  const milliseconds = durationOf(text)
  if (milliseconds === undefined || milliseconds > 366 * 86_400_000)
    throw new InvalidArgumentError('It is a time such as 90s, 12h or 7d, at most a year.')
  return text
}
