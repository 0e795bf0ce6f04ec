import { type Command, InvalidArgumentError } from 'commander'
import { BundleReader } from '../../bundle-head.ts'
import { CliError } from '../../errors.ts'
import { momentOf } from '../../moments.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'

/** How often it is said how far it is, ms. */
const TELL_MS = 1_000

interface Options extends Whereabouts {
  readonly run?: string
  readonly session?: string
  readonly from?: Date
  readonly to?: Date
  readonly payloads?: true
  readonly output: string
  readonly json?: true
}

export function exportCommand({ surroundings, printer }: Shell): Command {
  return command(
    'export',
    'Writes what belongs to a run, a session or a time into one file that gatescribe-verify checks without this gateway. That it was exported is recorded first.',
    [
      'gatescribe trail export --run run_4q7ykz2m -o run.tar',
      'gatescribe trail export --session ses_9mfq2x --payloads -o session.tar',
      'gatescribe trail export --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z -o november.tar --json',
    ],
  )
    .option('--run <run>', 'all of this run')
    .option('--session <session>', 'all of this session')
    .option('--from <time>', 'everything from then on: 90s, 15m, 2h, 7d ago, or RFC 3339', time)
    .option('--to <time>', 'everything up to then (default: now)', time)
    .option('--payloads', 'with statements, parameters and names, in clear')
    .requiredOption('-o, --output <file>', 'the file, which must not be there yet; readable by its owner only')
    .action(async ({ output, json, ...options }: Options) => {
      const asked = { ...scopeOf(options), payloads: String(options.payloads === true) }
      const [{ reachGateway }, { writeNewFile }] = await Promise.all([import('../../reach.ts'), import('../../new-file.ts')])
      const reader = new BundleReader()
      const pieces = reachGateway(options, surroundings).exportTrail(asked, surroundings.signal)
      printer.remark('looking for entries')
      const path = await writeNewFile(output, told(pieces, reader, printer.remark), surroundings)
      const { origin, scope, size, entries, range } = reader.head
      const { bytes } = reader
      if (json) return printer.json({ path, bytes, origin, scope, size, entries, range, payloads: options.payloads === true })
      printer.line(`Wrote ${path}: ${entries} entries of ${origin}, provable under its checkpoint of ${size}.`)
      if (options.payloads) printer.line('It holds payloads in clear: give it to nobody who must not read them.', 'yellow')
    })
}

function scopeOf({ run, session, from, to }: Omit<Options, 'output'>): Record<string, string> {
  const given = [run, session, from ?? to].filter((value) => value !== undefined)
  if (given.length !== 1 || (to && !from))
    throw new CliError('GS_CLI_USAGE', 'One of --run, --session, and --from (with --to) says what is exported.')
  if (run !== undefined) return { run }
  if (session !== undefined) return { session }
  return { from: (from as Date).toISOString(), to: (to ?? new Date()).toISOString() }
}

async function* told(pieces: AsyncIterable<Uint8Array>, reader: BundleReader, remark: (text: string) => void): AsyncGenerator<Uint8Array> {
  let next = performance.now() + TELL_MS
  for await (const piece of pieces) {
    reader.see(piece)
    yield piece
    if (performance.now() < next) continue
    next = performance.now() + TELL_MS
    remark(`${(reader.bytes / 2 ** 20).toFixed(1)} MiB so far`)
  }
}

function time(text: string): Date {
  const moment = momentOf(text, Date.now())
  if (!moment) throw new InvalidArgumentError('It is a time: 90s, 15m, 2h or 7d ago, or RFC 3339 such as 2026-11-23T21:00:00Z.')
  return moment
}
