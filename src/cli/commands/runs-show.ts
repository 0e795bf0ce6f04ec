import { type Command, InvalidArgumentError } from 'commander'
import type { RunTranscriptLine } from '../../api/local/index.ts'
import { traceIdOf } from '../../operations/index.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell } from '../shell.ts'

const PLANES = ['postgres', 'kubernetes', 'http', 'model', 'mcp', 'egress', 'spans'] as const

type Options = EitherWay & {
  readonly plane?: ReadonlySet<string>
  readonly trace?: string
  readonly follow?: true
  readonly json?: true
}

export function showRunCommand({ surroundings, printer }: Shell): Command {
  return command(
    'show',
    'Shows what happened in a run, live or over, on all planes in the order of time: sessions, operations with what was decided and became of them, approvals, budgets, and what the job claims of itself. Reading it is recorded.',
    [
      'gatescribe runs show run_4q7ykz2m',
      'gatescribe runs show run_4q7ykz2m --plane model,mcp --follow',
      'gatescribe runs show run_4q7ykz2m --trace 0af7651916cd43dd8448eb211c80319c',
      'gatescribe runs show run_4q7ykz2m --json | jq -c .operation.about',
    ],
  )
    .argument('<run>', 'the public id, run_…')
    .option('--plane <kinds>', `only these, with commas between them: ${PLANES.join(', ')}`, planes)
    .option('--trace <id>', 'only what the job says belongs to this trace: 32 hexadecimal digits, or a traceparent', trace)
    .option('--follow', 'waits for more, until the run is over; in the order in which it is recorded')
    .action(async (id: string, { plane, trace: of, follow, json, ...where }: Options) => {
      const [{ reachEitherWay }, { chosen }, { inTime }, { Traces }, { runFacts, ToldRun }] = await Promise.all([
        import('../reach-signed-in.ts'),
        import('../run-told/chosen.ts'),
        import('../run-told/in-time.ts'),
        import('../run-told/traces.ts'),
        import('../run-told/told-run.ts'),
      ])
      const asked: Readonly<Record<string, string>> = follow ? { follow: 'true' } : {}
      const all = reachEitherWay(where, surroundings).runTranscript(id, asked, surroundings.signal)
      const lines: AsyncIterable<RunTranscriptLine> = chosen(all, { planes: plane, trace: of })
      if (json) {
        for await (const line of lines) printer.jsonLine(line)
        return
      }
      const told = new ToldRun()
      const traces = new Traces()
      for await (const moment of inTime(lines, !follow)) {
        traces.see(moment.line)
        if ('run' in moment.line) for (const [name, value] of runFacts(moment.line.run)) printer.line(`${name.padEnd(12)}${value}`)
        const line = told.line(moment)
        if (!line) continue
        printer.line(line.text, line.style)
        for (const text of line.below ?? []) printer.line(`${' '.repeat(10)}${text}`, 'dim')
      }
      if (traces.all.length === 0) return
      printer.line('')
      printer.line('traces (claimed)', 'dim')
      for (const { trace: name, operations, spans, names } of traces.all)
        printer.line(`  ${name}  ${operations} operations, ${spans} spans${names.size === 0 ? '' : `  ${[...names].join(', ')}`}`)
      if (traces.more > 0) printer.line(`  and more: ${traces.more} operations and spans of other traces`)
    })
}

function planes(text: string): ReadonlySet<string> {
  const kinds = text.split(',').map((kind) => kind.trim())
  if (!kinds.every((kind) => (PLANES as readonly string[]).includes(kind)))
    throw new InvalidArgumentError(`It is some of ${PLANES.join(', ')}.`)
  return new Set(kinds)
}

function trace(text: string): string {
  const id = traceIdOf(text) ?? text.toLowerCase()
  if (!/^(?!0{32})[0-9a-f]{32}$/.test(id)) throw new InvalidArgumentError('It is a trace id of 32 hexadecimal digits, or a traceparent.')
  return id
}
