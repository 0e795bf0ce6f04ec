import { type Command, InvalidArgumentError } from 'commander'
import type { EntryAnswer, PageAnswer } from '../../../api/local/index.ts'
import { traceIdOf } from '../../../operations/index.ts'
import { entryLine } from '../../entry-line.ts'
import { momentOf } from '../../moments.ts'
import { printPayloads } from '../../print-payloads.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'

/** Options that are passed on as they are. */
const PASSED = [
  'kind',
  'who',
  'run',
  'session',
  'resource',
  'breakGlass',
  'action',
  'object',
  'decision',
  'trace',
  'limit',
  'cursor',
] as const

type Options = Whereabouts & { [Name in (typeof PASSED)[number]]?: string } & {
  readonly since?: Date
  readonly until?: Date
  readonly oldest?: true
  readonly payloads?: true
  readonly json?: true
}

export function searchCommand({ surroundings, printer }: Shell): Command {
  return command('search', 'Finds entries, the newest first. Words are searched for in payloads. Searching is recorded too.', [
    'gatescribe trail search customers --since 2h',
    'gatescribe trail search --decision deny --who "github:repo:acme/reports:ref:refs/heads/main"',
    'gatescribe trail search --action "alter role" --oldest --payloads',
    'gatescribe trail search --trace 0af7651916cd43dd8448eb211c80319c',
    'gatescribe trail search "drop table" --object customers --json | jq -r .entries[].id',
  ])
    .argument('[words...]', 'words that all must be in the payloads of the entry; one argument of several words is a phrase')
    .option('--since <time>', 'from then on: 90s, 15m, 2h, 7d ago, or RFC 3339', time)
    .option('--until <time>', 'before then', time)
    .option('--kind <kind>', 'this kind, or its family: operation, operation.intent', name)
    .option('--who <principal>', 'a pseudonym as entries have it, or issuer:subject', principal)
    .option('--run <run>', 'what belongs to this run', name)
    .option('--session <session>', 'what belongs to this session', name)
    .option('--resource <resource>', 'what was done at this resource', name)
    .option('--break-glass <request>', 'what became of it, and everything in sessions under it: bgl_…', name)
    .option('--action <action>', 'what an operation is, or its statement begins with: bind, select, alter role')
    .option('--object <name>', 'a name in the statement, as it is written there: customers, public.customers')
    .option('--decision <effect>', 'allow, ask or deny', effect)
    .option('--trace <id>', 'what a client says belongs to this trace: 32 hexadecimal digits, or a traceparent', trace)
    .option('--oldest', 'the oldest first')
    .option('--limit <number>', 'entries per page, up to 200 (default: 50)', pageLength)
    .option('--cursor <cursor>', 'the next page; a page says what it is')
    .option('--payloads', 'open what stands beside the log: statements, requests, parameters, names')
    .action(async (words: string[], options: Options) => {
      const { reachGateway } = await import('../../reach.ts')
      const entries: EntryAnswer[] = []
      let page: PageAnswer['page'] | undefined
      for await (const line of reachGateway(options, surroundings).search(asked(words, options), surroundings.signal)) {
        if ('page' in line) page = line.page
        else if (options.json) entries.push(line)
        else {
          printer.line(entryLine(line))
          printPayloads(line, printer)
        }
      }
      if (page === undefined) return
      if (options.json) printer.json({ entries, ...page })
      else for (const remark of remarks(page)) printer.remark(remark)
    })
}

function asked(words: readonly string[], options: Options): Record<string, string> {
  const query: Record<string, string> = {}
  for (const name of PASSED) if (options[name] !== undefined) query[name] = options[name]
  if (options.since) query.since = options.since.toISOString()
  if (options.until) query.until = options.until.toISOString()
  if (options.oldest) query.oldest = 'true'
  if (options.payloads) query.opened = 'true'
  // The shell has taken the quotes off: an argument that still has spaces had some around it.
  if (words.length > 0) query.text = words.map((word) => (/\s/.test(word) ? `"${word.replaceAll('"', ' ')}"` : word)).join(' ')
  return query
}

function* remarks({ next, first, indexed, size }: PageAnswer['page']): Generator<string> {
  if (first > 0) yield `Entries below ${first} are pruned.`
  if (indexed < size) yield `The index is ${size - indexed} entries behind the log; it is catching up, and what is new may be missing.`
  if (next !== undefined) yield `There may be more: repeat the search with --cursor ${next}`
}

// What the gateway would refuse is refused here, where it can be said which option it is.

function name(text: string): string {
  return matching(text, /^[A-Za-z0-9._-]{1,128}$/, 'It is a name of letters, digits, ".", "_" and "-".')
}

function principal(text: string): string {
  return matching(text, /^[\w-]{22}$|^[^:]+:./su, 'It is a pseudonym of 22 characters, or issuer and subject with a colon between them.')
}

function effect(text: string): string {
  return matching(text, /^(allow|ask|deny)$/, 'It is allow, ask or deny.')
}

/** W3C Trace Context §3.2.2.3. */
function trace(text: string): string {
  const id = traceIdOf(text) ?? text.toLowerCase()
  return matching(id, /^(?!0{32})[0-9a-f]{32}$/, 'It is a trace id of 32 hexadecimal digits, or a traceparent.')
}

function pageLength(text: string): string {
  return matching(text, /^([1-9]\d?|1\d\d|200)$/, 'It is a whole number from 1 to 200.')
}

function matching(text: string, pattern: RegExp, otherwise: string): string {
  if (!pattern.test(text)) throw new InvalidArgumentError(otherwise)
  return text
}

function time(text: string): Date {
  const moment = momentOf(text, Date.now())
  if (!moment) throw new InvalidArgumentError('It is a time: 90s, 15m, 2h or 7d ago, or RFC 3339 such as 2026-11-23T21:00:00Z.')
  return moment
}
