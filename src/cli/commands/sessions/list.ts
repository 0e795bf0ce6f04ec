import { type Command, InvalidArgumentError } from 'commander'
import type { PastSessionAnswer, SessionAnswer } from '../../../api/local/index.ts'
import { momentOf, when } from '../../moments.ts'
import type { EitherWay } from '../../reach-signed-in.ts'
import { command, type Shell } from '../../shell.ts'

interface Options extends EitherWay {
  readonly run?: string
  readonly resource?: string
  readonly all?: true
  readonly ended?: true
  readonly since?: Date
  readonly until?: Date
  readonly limit?: string
  readonly cursor?: string
  readonly json?: true
}

export function listSessionsCommand({ surroundings, printer }: Shell): Command {
  return command('ls', 'Lists the live sessions, or those that the trail tells of, newest first.', [
    'gatescribe sessions ls',
    'gatescribe sessions ls --run run_4q7ykz2m',
    'gatescribe sessions ls --ended --resource orders-db --since 2h',
  ])
    .option('--run <run>', 'only those of one run')
    .option('--resource <resource>', 'only those at one resource')
    .option('--all', 'also those that are over')
    .option('--ended', 'only those that are over')
    .option('--since <time>', 'opened from then on: 90s, 15m, 2h, 7d ago, or RFC 3339; also those that are over', time)
    .option('--until <time>', 'opened before then', time)
    .option('--limit <number>', 'how many of the trail, up to 100 (default: 50)')
    .option('--cursor <cursor>', 'the next page of the trail')
    .action(async ({ json, run, resource, all, ended, since, until, limit, cursor, ...where }: Options) => {
      const { reachEitherWay } = await import('../../reach-signed-in.ts')
      const client = reachEitherWay(where, surroundings)
      const isPast = all || ended || since || until || limit !== undefined || cursor !== undefined
      if (!isPast) {
        const live = await client.sessions()
        const meant = live.filter((session) => (!run || session.run === run) && (!resource || session.resource === resource))
        // As those that the trail tells of are.
        if (json) return printer.json({ sessions: meant.map((session) => ({ ...session, state: 'live' })) })
        return printLive(meant)
      }
      const { sessions, next } = await client.pastSessions({
        ...(run !== undefined && { run }),
        ...(resource !== undefined && { resource }),
        ...(ended && { state: 'ended' }),
        ...(since && { since: since.toISOString() }),
        ...(until && { until: until.toISOString() }),
        ...(limit !== undefined && { limit }),
        ...(cursor !== undefined && { cursor }),
      })
      if (json) return printer.json({ sessions, ...(next !== undefined && { next }) })
      printPast(sessions)
      if (next !== undefined) printer.remark(`next page: --cursor ${next}`)
    })

  function printLive(sessions: readonly SessionAnswer[]): void {
    printer.table(
      ['SESSION', 'RUN', 'RESOURCE', 'OPERATIONS', 'OPENED', 'FROM', 'SAYS IT IS'],
      sessions.map(({ id, run, resource, operations, openedAt, client }) => [
        id,
        run,
        resource,
        String(operations),
        when(openedAt),
        client.tls ? client.address : `${client.address} (no TLS)`,
        [client.application, client.user].filter(Boolean).join(', '),
      ]),
    )
  }

  function printPast(sessions: readonly PastSessionAnswer[]): void {
    printer.table(
      ['SESSION', 'RUN', 'RESOURCE', 'OPENED', 'ENDED', 'ALLOWED', 'REFUSED', 'RECORDING', 'WHY IT ENDED'],
      sessions.map(({ id, run, resource, openedAt, state, closedAt, allowed, refused, recording, reason, breakGlass }) => [
        ...[id, run, resource, when(openedAt), state === 'live' ? 'live' : when(closedAt ?? 'unknown')],
        ...[String(allowed ?? ''), String(refused ?? ''), recording],
        [reason, breakGlass && `break-glass ${breakGlass}`].filter(Boolean).join(', '),
      ]),
    )
  }
}

function time(text: string): Date {
  const moment = momentOf(text, Date.now())
  if (!moment) throw new InvalidArgumentError('It is a time: 90s, 15m, 2h or 7d ago, or RFC 3339 such as 2026-11-23T21:00:00Z.')
  return moment
}
