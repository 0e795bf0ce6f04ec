import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import type { Whereabouts } from '../reach.ts'
import { command, configOption, jsonOption, type Shell } from '../shell.ts'

type Options = Whereabouts & { readonly json?: true; readonly to: string }

export function masterKeyCommand({ surroundings, printer }: Shell): Command {
  const make = command('new', 'Writes a new master key to a file (0600) that is not there yet.', ['gatescribe master-key new new.key'])
    .argument('<file>')
    .option(...jsonOption)
    .action(async (file: string, { json }: { json?: true }) => {
      const { createMasterKey } = await import('../../credentials/index.ts')
      const path = resolve(surroundings.folder, file)
      const { id } = await createMasterKey(path).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'EEXIST')
          throw new CliError('GS_CLI_NOT_OVERWRITTEN', `${path} is already there, and is left as it is.`, { cause })
        throw new CliError('GS_CLI_FILE', `${path} cannot be written.`, { cause })
      })
      if (json) return printer.json({ path, id })
      printer.line(`Wrote ${path}, master key ${id}. Keep a copy elsewhere.`)
      printer.line(`Next: stop the gateway, then gatescribe master-key rotate --to file:${path}`)
    })

  const rotate = command(
    'rotate',
    'Seals everything in the data folder again under a new master key, while no gateway runs. Run it again if it was interrupted.',
    ['gatescribe master-key rotate --to file:./new.key -c gatescribe.yaml'],
  )
    .requiredOption('--to <reference>', 'the new key, as gateway.masterKey would say it: file:, env: or command:')
    .option(...configOption)
    .option(...jsonOption)
    .action(async ({ json, to, ...where }: Options) => {
      const [{ rotateGatewayKey }, { describeReference, parseReference }, { configPath }, { createLog }] = await Promise.all([
        import('../../gateway/index.ts'),
        import('../../credentials/index.ts'),
        import('../reach.ts'),
        import('../log.ts'),
      ])
      const reference = parseReference(to, surroundings.folder)
      if (reference === undefined || reference.from === 'secret')
        throw new CliError('GS_CLI_USAGE', '--to takes file:<path>, env:<name> or command:</absolute/path>.')
      const log = createLog({ format: 'json', level: 'warn', destination: surroundings.stderr })
      const rotated = await rotateGatewayKey(configPath(where, surroundings), reference, log)
      if (json) return printer.json(rotated)
      for (const [purpose, count] of Object.entries(rotated.moved)) printer.line(`${purpose}: ${count} sealed again`)
      printer.line(`Everything is sealed under master key ${rotated.to}, no longer under ${rotated.from}.`)
      printer.line(`Next: write masterKey: ${describeReference(reference)} under gateway in the configuration, then gatescribe start.`)
      printer.line('Keep the old key as long as you keep backups from before.')
    })

  return command('master-key', 'The key that everything at rest is sealed under.', ['gatescribe master-key new new.key'])
    .addCommand(make)
    .addCommand(rotate)
}
