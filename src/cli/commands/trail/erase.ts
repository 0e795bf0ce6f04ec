import type { Command } from 'commander'
import type { EraseRequest } from '../../../api/local/index.ts'
import { CliError } from '../../errors.ts'
import type { EitherWay } from '../../reach-signed-in.ts'
import { command, type Shell } from '../../shell.ts'

interface Options extends EitherWay {
  readonly session?: string
  readonly run?: string
  readonly pseudonym?: string
  readonly person?: readonly string[]
  readonly reason: string
  readonly yes?: true
  readonly json?: true
}

export function eraseCommand({ surroundings, printer }: Shell): Command {
  return command(
    'erase',
    'Destroys the payloads of a session, run or person in every file; entries and proofs stay. Says what would go, and does it with --yes; where people sign in, another person must approve it.',
    [
      'gatescribe trail erase --run run_4q7ykz2m --reason "request 17"',
      'gatescribe trail erase --person github repo:acme/reports --reason "request 17" --yes',
    ],
  )
    .option('--session <session>', 'what was said in one session')
    .option('--run <run>', 'in all sessions of a run; who it was stays, as that is said of the person')
    .option('--person <issuer-and-subject...>', 'of everything that one principal did, and who it was')
    .option('--pseudonym <pseudonym>', 'the same, named as entries name them')
    .requiredOption('--reason <reason>', 'one line; kept as a payload of the entry that says so')
    .option('--yes', 'do it, or ask for it; without, nothing goes')
    .action(async ({ reason, yes, json, ...options }: Options) => {
      const { reachEitherWay } = await import('../../reach-signed-in.ts')
      const asked = { scope: scopeOf(options), reason, dryRun: yes !== true }
      const erased = await reachEitherWay(options, surroundings).erase(asked)
      if (json) return printer.json(erased)
      const { sessions, runs, keys, remains, entry, request } = erased
      const what = `${keys} payload keys, of ${sessions.length} sessions in ${runs.length} runs`
      if (request) {
        printer.line(`Asked, as ${request.id}: it would destroy ${what}. Another person carries it out, with:`)
        printer.line(`gatescribe erasures approve ${request.id}`)
      } else if (entry === undefined) printer.line(`Would destroy ${what}. Nothing has gone: say --yes.`)
      else printer.line(`Destroyed ${what}, and what they sealed; entry ${entry} says so.`)
      if (remains !== undefined) printer.line(remains)
    })
}

function scopeOf({ session, run, pseudonym, person }: Partial<Options>): EraseRequest['scope'] {
  const scopes: EraseRequest['scope'][] = []
  if (session !== undefined) scopes.push({ session })
  if (run !== undefined) scopes.push({ run })
  if (pseudonym !== undefined) scopes.push({ pseudonym })
  const [issuer, subject, ...more] = person ?? []
  if (issuer !== undefined && subject !== undefined && more.length === 0) scopes.push({ issuer, subject })
  else if (person) throw new CliError('GS_CLI_USAGE', '--person takes an issuer and a subject.')
  const [scope] = scopes
  if (scope === undefined || scopes.length > 1) throw new CliError('GS_CLI_USAGE', 'Say one of --session, --run, --person and --pseudonym.')
  return scope
}
