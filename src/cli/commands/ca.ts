import type { Command } from 'commander'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell, talksToGateway } from '../shell.ts'

export function caCommand({ surroundings, printer }: Shell): Command {
  const show = command('show', "Prints the certificate of the gateway's names CA, PEM: what clients give as PGSSLROOTCERT.", [
    'gatescribe ca show > gatescribe-ca.pem',
    'gatescribe ca show --json | jq -r .fingerprint',
    'gatescribe ca show --interception > interception-ca.pem',
  ])
    .option(
      '--interception',
      "the CA for names of somebody else that are intercepted, for clients that go through the proxy: never for a system's store",
    )
    .action(async ({ json, interception, ...where }: Whereabouts & { json?: true; interception?: true }) => {
      const { reachGateway } = await import('../reach.ts')
      const gateway = reachGateway(where, surroundings)
      const ca = await (interception ? gateway.interceptionCa() : gateway.ca())
      if (json) return printer.json(ca)
      printer.block(ca.pem.trimEnd(), 0)
    })

  return command('ca', "The certificate authority of the gateway's own names.", ['gatescribe ca show > gatescribe-ca.pem']).addCommand(
    talksToGateway(show),
  )
}
