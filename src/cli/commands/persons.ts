import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { when } from '../moments.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'

type Options = EitherWay & { readonly json?: true }
type WithReason = Options & { readonly reason?: string }

/** Whom this gateway lets in. */
export function personsCommand({ surroundings, printer }: Shell): Command {
  const reach = async (where: Options) => (await import('../reach-signed-in.ts')).reachEitherWay(where, surroundings)

  const list = command('ls', 'Lists who is revoked, as the trail names them.', ['gatescribe persons ls']).action(
    async ({ json, ...where }: Options) => {
      const persons = await (await reach(where)).revokedPersons()
      if (json) return printer.json(persons)
      printer.table(
        ['PSEUDONYM', 'REVOKED'],
        persons.map(({ pseudonym, revokedAt }) => [pseudonym, when(revokedAt)]),
      )
    },
  )

  const revoke = command(
    'revoke',
    'Ends the sessions of a person at once, takes back what they approved and nobody used, and refuses their sign-in until that is lifted.',
    ['gatescribe persons revoke okta 00u1a2b3 --reason "left the company"'],
  )
    .argument('<issuer>', 'the name of an issuer that signs in people here')
    .argument('<subject>', 'the person’s account there: sub of its tokens')
    .option('--reason <reason>', 'one line; recorded')
    .action(async (issuer: string, subject: string, { reason, json, ...where }: WithReason) => {
      const revoked = await (await reach(where)).revokePerson({ issuer, subject }, reason)
      if (json) return printer.json(revoked)
      const { pseudonym, sessions, approvals } = revoked
      printer.line(`${pseudonym} is revoked: ${sessions} sessions ended, ${approvals} approvals are taken back.`)
    })

  const restore = command('restore', 'Lets a revoked person sign in again. Nothing that was taken back comes back.', [
    'gatescribe persons restore okta 00u1a2b3',
    'gatescribe persons restore --pseudonym AbCdEfGhIjKlMnOpQrStUv',
  ])
    .argument('[issuer]', 'the name of an issuer that signs in people here')
    .argument('[subject]', 'the person’s account there')
    .option('--pseudonym <pseudonym>', 'instead of both, as the trail names them')
    .option('--reason <reason>', 'one line; recorded')
    .action(async (issuer: string | undefined, subject: string | undefined, options: WithReason & { pseudonym?: string }) => {
      const { pseudonym, reason, json, ...where } = options
      const person = personOf(issuer, subject, pseudonym)
      const restored = await (await reach(where)).restorePerson({ ...person, ...(reason !== undefined && { reason }) })
      if (json) return printer.json(restored)
      printer.line(`${restored.pseudonym} may sign in again.`)
    })

  const group = command('persons', 'Whom this gateway lets in.', ['gatescribe persons revoke okta 00u1a2b3'])
  for (const each of [list, revoke, restore]) group.addCommand(talksToGateway(talksToDoor(each)))
  return group
}

function personOf(issuer: string | undefined, subject: string | undefined, pseudonym: string | undefined) {
  if (issuer === undefined && pseudonym !== undefined) return { pseudonym }
  if (issuer !== undefined && subject !== undefined && pseudonym === undefined) return { issuer, subject }
  throw new CliError('GS_CLI_USAGE', 'Say an issuer and a subject, or --pseudonym.')
}
