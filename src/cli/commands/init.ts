import { resolve } from 'node:path'
import type { Command } from 'commander'
import { command, jsonOption, type Shell } from '../shell.ts'

export function initCommand({ surroundings, printer }: Shell): Command {
  return command('init', 'Writes a first configuration with comments, and a new master key (0600). Overwrites nothing.', [
    'gatescribe init',
    'gatescribe init /etc/gatescribe',
  ])
    .argument('[folder]', 'where to', '.')
    .option(...jsonOption)
    .action(async (folder: string, { json }: { json?: true }) => {
      const { writeStarter } = await import('../write-starter.ts')
      const written = writeStarter(resolve(surroundings.folder, folder))
      if (json) return printer.json(written)
      printer.line(`Wrote ${written.config}`)
      printer.line(`Wrote ${written.masterKey}: without it no secret and no recorded statement can be read again. Keep a copy elsewhere.`)
      printer.line('Next: change what is marked "change", then gatescribe check, gatescribe secret set orders-ro, gatescribe start.')
    })
}
