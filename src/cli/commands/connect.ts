import type { Command } from 'commander'
import type { DoorWhereabouts } from '../door.ts'
import { CliError } from '../errors.ts'
import { when } from '../moments.ts'
import { command, jsonOption, type Shell, talksToDoor } from '../shell.ts'

type Options = DoorWhereabouts & { readonly show?: true; readonly json?: true }

export function connectCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const connect = command(
    'connect',
    'Starts a run of your own and points PostgreSQL clients, kubectl or whoever speaks HTTP at a resource in it: the command behind --, as long as that goes on; else whatever your shell starts, for 15 minutes. It is over when you sign out.',
    [
      'gatescribe connect orders-db -- psql',
      'gatescribe connect prod-cluster -- kubectl get pods',
      'gatescribe connect orders-db -- "$SHELL"',
      'eval "$(gatescribe connect orders-db)" && psql -c "SELECT 1"',
    ],
  )
    .argument('<resource>', 'the name of the resource')
    .argument('[command...]', 'behind --: what to start')
    .option('--show', 'print the credential even where standard output is a terminal')
    .action(async (resource: string, words: string[], { show, json, ...where }: Options) => {
      const [first, ...rest] = words
      if (first !== undefined && json) throw new CliError('GS_CLI_USAGE', 'Either --json, or a command.')
      if (first === undefined && !show && surroundings.stdout.isTTY)
        throw new CliError('GS_CLI_SECRET_ON_TERMINAL', undefined, {
          next: 'Start a command with: gatescribe connect RESOURCE -- psql; or use eval "$(gatescribe connect RESOURCE)". --show prints it all the same.',
        })
      const [{ namedCa, requireDoor }, { ownRunClient }, { exportLines }, { keepCa, within }, { ownEnvironment }] = await Promise.all([
        import('../door.ts'),
        import('../../api/admin/client.ts'),
        import('../../launch/index.ts'),
        import('../connecting.ts'),
        import('../own-environment.ts'),
      ])
      const client = ownRunClient(requireDoor(where, surroundings).send)
      const begun = await client.start(resource)
      const ca = namedCa(where, surroundings) ?? (begun.ca === undefined ? undefined : keepCa(begun.ca, surroundings))
      const { variables: environment, forget } = ownEnvironment(begun, ca, surroundings)
      if (first !== undefined) {
        shell.exitCode = await within(begun, [first, ...rest], environment, client, shell).finally(forget)
        return
      }
      const { run, expiresAt, until } = begun
      if (json) return printer.json({ run, resource: begun.resource, expiresAt, until, environment })
      printer.exact(exportLines(environment))
      printer.remark(`${run} is good until ${when(expiresAt)}.`)
    })
  return talksToDoor(connect).option(...jsonOption)
}
