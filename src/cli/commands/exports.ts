import { type Command, InvalidArgumentError } from 'commander'
import type { ExportAnswer, ExportTestedAnswer } from '../../api/local/index.ts'
import { exitCodes } from '../exit-codes.ts'
import { when } from '../moments.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'

type Options = EitherWay & { readonly json?: true }

/** Who gets the log, and how far each has come. */
export function exportsCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const reach = async (where: Options) => (await import('../reach-signed-in.ts')).reachEitherWay(where, surroundings)

  const list = command(
    'ls',
    'Lists exports of the log, how far each has come and why one is behind. Exit code 1 where one is failing, or waits at an entry that is refused.',
    ['gatescribe exports ls', 'gatescribe exports ls --json'],
  ).action(async ({ json, ...where }: Options) => {
    const exports = await (await reach(where)).exports()
    if (exports.some(({ state }) => state !== 'running')) shell.exitCode = exitCodes.refused.code
    if (json) return printer.json(exports)
    printer.table(['EXPORT', 'KIND', 'STATE', 'CURSOR', 'BEHIND', 'OLDEST', 'TAKEN', 'LAST TAKEN'], exports.map(row))
    for (const { name, lastError, refused } of exports) {
      if (!lastError) continue
      const at = refused === undefined ? '' : ` Entry ${refused}:`
      printer.line(`${name}:${at} ${lastError.message} [${lastError.code}]`)
      printer.line(`  next: ${lastError.next}`)
    }
  })

  const test = command(
    'test',
    'Sends one event that says it is a test, and tells what came of it. Recorded. Exit code 1 where it is not taken.',
    ['gatescribe exports test siem'],
  )
    .argument('<export>', 'a name that stands under exports of the configuration')
    .action(async (name: string, { json, ...where }: Options) => {
      const tested = await (await reach(where)).testExport(name)
      if (!tested.taken) shell.exitCode = exitCodes.refused.code
      if (json) return printer.json(tested)
      printer.line(`${name}: ${outcome(tested)}`)
      if (tested.error) printer.line(`  next: ${tested.error.next}`)
    })

  const rewind = command(
    'rewind',
    'Goes back: the receiver gets everything from that entry on once more, under the same ids, and drops what it has. Recorded.',
    ['gatescribe exports rewind siem --to 120000', 'gatescribe exports rewind siem --to start'],
  )
    .argument('<export>', 'a name that stands under exports of the configuration')
    .requiredOption('--to <entry>', 'index of an entry, or start', positionOf)
    .action(async (name: string, { to, json, ...where }: Options & { readonly to: number }) => {
      await (await reach(where)).rewindExport(name, to)
      if (json) return printer.json({ export: name, to })
      printer.line(`${name} sends again from entry ${to} on.`)
    })

  const skip = command(
    'skip',
    'Leaves out the entry that the receiver refuses, so that what is behind it is sent. Recorded, and the receiver is told that it is missing.',
    ['gatescribe exports skip siem 120417'],
  )
    .argument('<export>', 'a name that stands under exports of the configuration')
    .argument('<entry>', 'index of the entry that exports ls says is refused, and no word', entryOf)
    .action(async (name: string, entry: number, { json, ...where }: Options) => {
      await (await reach(where)).skipExport(name, entry)
      if (json) return printer.json({ export: name, skipped: entry })
      printer.line(`${name} goes on behind entry ${entry}.`)
    })

  const group = command('exports', 'Exports of the log: how far each has come, and what to do where one is behind.', [
    'gatescribe exports ls',
  ])
  for (const each of [list, test, rewind, skip]) group.addCommand(talksToGateway(talksToDoor(each)))
  return group
}

function row({ name, kind, state, cursor, lagEntries, lagSeconds, delivered, deliveredAt }: ExportAnswer) {
  return [
    name,
    kind,
    { text: state, ...(state === 'running' ? {} : { style: 'red' as const }) },
    String(cursor),
    String(lagEntries),
    lagEntries === 0 ? '' : `${lagSeconds} s`,
    String(delivered),
    deliveredAt === undefined ? '' : when(deliveredAt),
  ]
}

function outcome({ taken, status, tls, latency, error }: ExportTestedAnswer): string {
  const answered = status === undefined ? '' : ` with status ${status}`
  const how = `in ${latency} ms${tls === undefined ? '' : ` over ${tls}`}`
  return taken ? `the test event was taken${answered}, ${how}.` : `the test event was not taken, ${how}. ${error?.message} [${error?.code}]`
}

function positionOf(text: string): number {
  return text === 'start' ? 0 : (indexOf(text) ?? invalid('It is an index of an entry, or start.'))
}

/** Nothing that would have to be guessed: what is left out is never sent. */
function entryOf(text: string): number {
  return indexOf(text) ?? invalid('It is the index of the entry that exports ls says is refused.')
}

function indexOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function invalid(sentence: string): never {
  throw new InvalidArgumentError(sentence)
}
