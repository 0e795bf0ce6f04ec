import type { Command } from 'commander'
import type { Finding } from '../../api/local/index.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Whereabouts } from '../reach.ts'
import { command, type Shell, talksToGateway } from '../shell.ts'

const LOOK = { ok: 'green', warn: 'yellow', fail: 'red' } as const

export function doctorCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const doctor = command(
    'doctor',
    'Looks at everything the gateway depends on: configuration, key, data folder, clock, issuers, resources and what their roles may do. Changes nothing.',
    ['gatescribe doctor', 'gatescribe doctor --json | jq \'select(.level != "ok")\''],
  ).action(async ({ json, ...where }: Whereabouts & { json?: true }) => {
    const { examineHere } = await import('../examine-here.ts')
    const levels: Finding['level'][] = []
    for await (const finding of examineHere(where, surroundings)) {
      levels.push(finding.level)
      if (json) {
        printer.jsonLine(finding)
        continue
      }
      printer.line(`${finding.level.padEnd(5)} ${finding.subject}: ${finding.found}`, LOOK[finding.level])
      if (finding.next) printer.line(`      next: ${finding.next}`)
    }
    if (levels.includes('fail')) shell.exitCode = exitCodes.refused.code
  })
  return talksToGateway(doctor)
}
