import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { when } from '../moments.ts'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell, talksToGateway } from '../shell.ts'

type Options = Whereabouts & { readonly json?: true }

export function secretCommand({ surroundings, printer }: Shell): Command {
  const set = command(
    'set',
    'Seals a secret, or a new version of it. The value is typed (unseen), piped in, or read from a file; one line break at its end is not part of it.',
    [
      'gatescribe secret set orders-ro',
      'vault read -field=password db/orders | gatescribe secret set orders-ro',
      'gatescribe secret set orders-key --from-file key.pem',
    ],
  )
    .argument('<name>', 'as in secret:<name> of the configuration')
    .option('--from-file <file>', 'read the value from this file')
    // What is not understood may be a secret: it is refused without being repeated.
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (name: string, { json, fromFile, ...where }: Options & { fromFile?: string }, self: Command) => {
      if (self.args.length > 1 || !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) throw wrongName(self.args.length > 1 || /[=\s]/.test(name))
      const [{ openedGateway }, { readSecret }] = await Promise.all([import('../reach-or-open.ts'), import('../read-secret.ts')])
      const value = await readSecret(name, fromFile, surroundings)
      try {
        await using gateway = await openedGateway(where, surroundings)
        const secret = await gateway.client.setSecret(name, value)
        if (json) return printer.json(secret)
        printer.line(`secret:${secret.name} is sealed, version ${secret.version}.`)
      } finally {
        value.fill(0)
      }
    })

  const list = command('ls', 'Lists the sealed secrets; their values cannot be read back.', ['gatescribe secret ls']).action(
    async ({ json, ...where }: Options) => {
      const { openedGateway } = await import('../reach-or-open.ts')
      await using gateway = await openedGateway(where, surroundings)
      const secrets = await gateway.client.secrets()
      if (json) return printer.json(secrets)
      printer.table(
        ['SECRET', 'VERSION', 'CHANGED'],
        secrets.map(({ name, version, changedAt }) => [name, String(version), when(changedAt)]),
      )
    },
  )

  const remove = command('rm', 'Removes a secret and all its versions.', ['gatescribe secret rm orders-old'])
    .argument('<name>')
    .action(async (name: string, { json, ...where }: Options) => {
      const { openedGateway } = await import('../reach-or-open.ts')
      await using gateway = await openedGateway(where, surroundings)
      await gateway.client.removeSecret(name)
      if (json) return printer.json({ removed: name })
      printer.line(`secret:${name} is removed.`)
    })

  return command('secret', "What opens the targets, sealed with the gateway's master key.", ['gatescribe secret set orders-ro'])
    .addCommand(talksToGateway(set))
    .addCommand(talksToGateway(list))
    .addCommand(talksToGateway(remove))
}

function wrongName(holdsMore: boolean): CliError {
  if (holdsMore) return new CliError('GS_CLI_SECRET_IN_ARGUMENTS')
  return new CliError('GS_CLI_USAGE', 'A secret is named with a-z, 0-9, ".", "_" and "-", at most 63 of them.')
}
