import type { Command } from 'commander'
import type { DoorWhereabouts } from '../door.ts'
import { command, jsonOption, type Shell, talksToDoor } from '../shell.ts'

export function logoutCommand({ surroundings, printer }: Shell): Command {
  const logout = command('logout', 'Ends your session at a gateway, there and here.', [
    'gatescribe logout',
    'gatescribe logout --gateway https://gw.example.org:8445',
  ]).action(async ({ json, ...where }: DoorWhereabouts & { json?: true }) => {
    const [{ requireDoor }, { keepSession }, { signInClient }] = await Promise.all([
      import('../door.ts'),
      import('../session-file.ts'),
      import('../../api/admin/client.ts'),
    ])
    const { origin, send } = requireDoor(where, surroundings)
    // Here first: whatever the gateway answers, this machine must not keep it.
    keepSession(origin, undefined, surroundings)
    try {
      await signInClient(send).signOut()
    } catch (error) {
      if ((error as { code?: string }).code !== 'GS_PEOPLE_SESSION_INVALID') throw error
    }
    if (json) return printer.json({ signedOut: origin })
    printer.line(`Signed out of ${origin}.`)
  })
  return talksToDoor(logout).option(...jsonOption)
}
