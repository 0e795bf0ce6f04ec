import type { Command } from 'commander'
import { when } from '../moments.ts'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell, talksToGateway } from '../shell.ts'

type Options = Whereabouts & { readonly json?: true }

export function sessionsCommand({ surroundings, printer }: Shell): Command {
  const list = command('ls', 'Lists the live sessions.', ['gatescribe sessions ls', 'gatescribe sessions ls --run run_4q7ykz2m'])
    .option('--run <run>', 'only those of one run')
    .action(async ({ json, run, ...where }: Options & { run?: string }) => {
      const { reachGateway } = await import('../reach.ts')
      const sessions = (await reachGateway(where, surroundings).sessions()).filter((session) => !run || session.run === run)
      if (json) return printer.json(sessions)
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
    })

  const show = command('show', 'Shows one live session.', ['gatescribe sessions show ses_9mfq2x'])
    .argument('<session>', 'its id, ses_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const { reachGateway } = await import('../reach.ts')
      const session = await reachGateway(where, surroundings).session(id)
      if (json) return printer.json(session)
      const { client } = session
      const claim = (value: string | undefined) => (value === undefined ? [] : [`${value} (claimed)`])
      const facts: [string, ...string[]][] = [
        ['session', session.id],
        ['run', session.run],
        ['resource', session.resource],
        ['opened', when(session.openedAt)],
        ['operations', String(session.operations)],
        ['from', client.address],
        ['TLS', client.tls ? 'yes' : 'no'],
        ['user', ...claim(client.user)],
        ['database', ...claim(client.database)],
        ['application', ...claim(client.application)],
      ]
      for (const [name, value] of facts) if (value !== undefined) printer.line(`${name.padEnd(12)}${value}`)
    })

  const kill = command('kill', 'Ends one session within a second; its run goes on. To end the run: gatescribe runs revoke.', [
    'gatescribe sessions kill ses_9mfq2x',
  ])
    .argument('<session>', 'its id, ses_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const { reachGateway } = await import('../reach.ts')
      await reachGateway(where, surroundings).killSession(id)
      if (json) return printer.json({ killed: id })
      printer.line(`${id} is ended.`)
    })

  return command('sessions', 'Connections of jobs to resources.', ['gatescribe sessions ls'])
    .addCommand(talksToGateway(list))
    .addCommand(talksToGateway(show))
    .addCommand(talksToGateway(kill))
}
