import type { Command } from 'commander'
import type { DoorWhereabouts } from '../door.ts'
import { when } from '../moments.ts'
import { command, jsonOption, type Shell, talksToDoor } from '../shell.ts'

export function whoamiCommand({ surroundings, printer }: Shell): Command {
  const whoami = command('whoami', 'Says who you are at a gateway, and what your roles are.', ['gatescribe whoami']).action(
    async ({ json, ...where }: DoorWhereabouts & { json?: true }) => {
      const [{ requireDoor }, { signInClient }] = await Promise.all([import('../door.ts'), import('../../api/admin/client.ts')])
      const { origin, send } = requireDoor(where, surroundings)
      const { csrf: _, ...me } = await signInClient(send).me()
      if (json) return printer.json({ gateway: origin, ...me })
      const facts: readonly (readonly [string, string])[] = [
        ['gateway', origin],
        ['name', me.displayName],
        ['issuer', me.issuer],
        ['subject', me.subject],
        ['roles', me.roles.join(', ')],
        ['groups', me.groups.join(', ')],
        ...Object.entries(me.accounts).map(([issuer, account]) => ['account', `${issuer}: ${account}`] as const),
        ['until', `${when(me.session.expiresAt)}, unless it is used before`],
      ]
      for (const [name, value] of facts) printer.line(`${name.padEnd(12)}${value}`)
    },
  )
  return talksToDoor(whoami).option(...jsonOption)
}
