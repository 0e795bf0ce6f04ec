import type { Command } from 'commander'
import type { LocalClient, PastOperation, PastOutcome, SessionAnswer, TranscriptLine, TranscriptSession } from '../../../api/local/index.ts'
import { CodedError } from '../../../operations/index.ts'
import { when } from '../../moments.ts'
import type { EitherWay } from '../../reach-signed-in.ts'
import { command, type Shell } from '../../shell.ts'

type Options = EitherWay & { readonly json?: true }
type Fact = readonly [name: string, value: string | undefined]

export function showSessionCommand({ surroundings, printer }: Shell): Command {
  return command(
    'show',
    'Shows a session, live or over, and its statements in order: what was decided, and what became of it. Reading it is recorded.',
    ['gatescribe sessions show ses_9mfq2x', 'gatescribe sessions show ses_9mfq2x --json | jq .statements[].rules'],
  )
    .argument('<session>', 'its id, ses_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const { reachEitherWay } = await import('../../reach-signed-in.ts')
      const client = reachEitherWay(where, surroundings)
      const live = await liveSession(client, id)
      const lines = permitted(client.transcript(id, {}, surroundings.signal), live)
      if (json) return printer.json(await gathered(lines, live))
      const { beats } = await import('../../replay/beats.ts')
      const { printBeat } = await import('../../replay/print-beat.ts')
      if (live) printFacts(liveFacts(live))
      for await (const beat of beats(described(lines, live), 'statements')) printBeat(beat, printer)
    })

  /** Where somebody may see live sessions and not the trail, the live one is shown alone. */
  async function* permitted(lines: AsyncIterable<TranscriptLine>, live: SessionAnswer | undefined): AsyncGenerator<TranscriptLine> {
    try {
      yield* lines
    } catch (error) {
      if (!live || !(error instanceof CodedError) || error.code !== 'GS_ADMIN_NOT_PERMITTED') throw error
      printer.remark('Its statements are for those who may read the trail.')
    }
  }

  async function* described(lines: AsyncIterable<TranscriptLine>, live: SessionAnswer | undefined): AsyncGenerator<TranscriptLine> {
    for await (const line of lines) {
      if ('session' in line) printFacts(live ? moreFacts(line.session) : pastFacts(line.session))
      yield line
    }
  }

  function printFacts(facts: readonly Fact[]): void {
    for (const [name, value] of facts) if (value !== undefined) printer.line(`${name.padEnd(12)}${value}`)
  }
}

async function liveSession(client: LocalClient, id: string): Promise<SessionAnswer | undefined> {
  try {
    return await client.session(id)
  } catch (error) {
    if (error instanceof CodedError && error.code === 'GS_LOCAL_NOT_FOUND') return undefined
    throw error
  }
}

interface Gathered {
  statements: object[]
  told: object[]
  [name: string]: unknown
}

/** One value: what is known of the session, its statements with what became of each, and what else the trail tells of it. */
async function gathered(lines: AsyncIterable<TranscriptLine>, live: SessionAnswer | undefined): Promise<Gathered> {
  const all: Gathered = { ...live, statements: [], told: [] }
  const waiting = new Map<number, { outcome?: PastOutcome }>()
  for await (const line of lines) {
    if ('session' in line) Object.assign(all, line.session, live)
    else if ('operation' in line) {
      const statement: PastOperation & { outcome?: PastOutcome } = { ...line.operation }
      waiting.set(line.operation.n, statement)
      all.statements.push(statement)
    } else if ('outcome' in line) {
      const statement = waiting.get(line.outcome.n)
      if (statement) statement.outcome = line.outcome
      waiting.delete(line.outcome.n)
    } else if ('told' in line) all.told.push(line.told)
    else if ('closed' in line) all.closed = line.closed
  }
  return all
}

const claim = (value: string | undefined) => (value === undefined ? undefined : `${value} (claimed)`)

function liveFacts({ id, run, resource, openedAt, operations, client }: SessionAnswer): readonly Fact[] {
  return [
    ['session', id],
    ['run', run],
    ['resource', resource],
    ['opened', when(openedAt)],
    ['operations', String(operations)],
    ['from', client.address],
    ['TLS', client.tls ? 'yes' : 'no'],
    ['user', claim(client.user)],
    ['database', claim(client.database)],
    ['application', claim(client.application)],
  ]
}

function pastFacts(session: TranscriptSession): readonly Fact[] {
  const { id, run, resource, openedAt, tls, client } = session
  return [
    ['session', id],
    ['run', run],
    ['resource', resource],
    ['opened', when(openedAt)],
    ['from', client?.address],
    ['TLS', tls ? 'yes' : 'no'],
    ['user', claim(client?.user)],
    ['database', claim(client?.database)],
    ['application', claim(client?.application)],
    ...moreFacts(session),
  ]
}

function moreFacts({ who, kind, recording, breakGlass, opened }: TranscriptSession): readonly Fact[] {
  return [
    ['who', `${who} (${kind})`],
    ['entry', String(opened)],
    ['recording', recording],
    ['break-glass', breakGlass],
  ]
}
