import { type Command, InvalidArgumentError } from 'commander'
import type { ApprovalAnswer } from '../../api/local/index.ts'
import { CliError } from '../errors.ts'
import { when } from '../moments.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'

type Options = EitherWay & { readonly json?: true }

const STATES = ['pending', 'approved', 'used', 'denied', 'withdrawn', 'expired', 'revoked', 'void']

export function approvalsCommand({ surroundings, printer }: Shell): Command {
  const reach = async (where: Options) => (await import('../reach-signed-in.ts')).reachEitherWay(where, surroundings)

  const list = command('ls', 'Lists requests for approval, the newest first: those that wait, unless said otherwise.', [
    'gatescribe approvals ls',
    'gatescribe approvals ls --state approved --state used --run run_4q7ykz2m',
    'gatescribe approvals ls --all --json | jq -r .approvals[].id',
  ])
    .option('--state <state>', `those in this state; several times for several: ${STATES.join(', ')}`, state)
    .option('--all', 'those in every state')
    .option('--run <run>', 'only those of one run')
    .option('--limit <number>', 'how many, up to 100 (default: 50)')
    .option('--before <request>', 'the next page: the last one of the page before')
    .action(async ({ state, all, run, limit, before, json, ...where }: Options & ListOptions) => {
      if (state && all) throw new CliError('GS_CLI_USAGE', 'Either --state or --all.')
      const page = await (await reach(where)).approvals({
        ...(!all && { state: state ?? ['pending'] }),
        ...(run !== undefined && { run }),
        ...(limit !== undefined && { limit }),
        ...(before !== undefined && { before }),
      })
      if (json) return printer.json(page)
      printer.table(
        ['REQUEST', 'STATE', 'RESOURCE', 'RUN', 'APPROVALS', 'ASKED', 'UNTIL'],
        page.approvals.map((request) => [
          request.id,
          request.state,
          request.resource,
          request.run,
          request.requirements.map(({ rule, approvals, needed }) => `${rule} ${approvals}/${needed}`).join(', '),
          when(request.askedAt),
          when(request.usableUntil ?? request.expiresAt),
        ]),
      )
      if (page.next !== undefined) printer.remark(`There may be more: repeat it with --before ${page.next}`)
    })

  const show = command(
    'show',
    'Shows a request: what the gateway knows of it, what is asked for in full, and what the agent says. Hidden characters are marked. That you look is recorded.',
    ['gatescribe approvals show apr_6b1f2e…'],
  )
    .argument('<request>', 'its id, apr_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const answer = await (await reach(where)).approval(id)
      if (json) return printer.json(answer)
      const [{ shownRequestOf }, { cardOf }, { printCard }] = await Promise.all([
        import('../../api/local/index.ts'),
        import('../../card/index.ts'),
        import('../print-card.ts'),
      ])
      const { card, run } = shownRequestOf(answer)
      printCard(cardOf(card, run), printer)
    })

  const decision = (verdict: 'approve' | 'deny', description: string) =>
    command(verdict, description, [`gatescribe approvals ${verdict} apr_6b1f2e… --reason "ticket 4711"`])
      .argument('<request>', 'its id, apr_…')
      .option('--reason <reason>', 'why; recorded, and others may read it')
      .action(async (id: string, { reason, json, ...where }: Options & { reason?: string }) => {
        const { reachAsPerson } = await import('../reach-signed-in.ts')
        const request = await reachAsPerson(where, surroundings).decideApproval(id, verdict, reason)
        if (json) return printer.json(request)
        printer.line(outcome(request))
      })

  const approve = decision(
    'approve',
    'Says yes to a request: to exactly what it shows, once. Look at it first, with: gatescribe approvals show.',
  )
  const deny = decision('deny', 'Says no to a request: it stays denied for its run.')

  const revoke = command('revoke', 'Takes back what was approved and not used yet; it stays denied for its run.', [
    'gatescribe approvals revoke apr_6b1f2e… --reason "wrong database"',
  ])
    .argument('<request>', 'its id, apr_…')
    .option('--reason <reason>', 'why; recorded, and others may read it')
    .action(async (id: string, { reason, json, ...where }: Options & { reason?: string }) => {
      const request = await (await reach(where)).revokeApproval(id, reason)
      if (json) return printer.json(request)
      printer.line(outcome(request))
    })

  const group = command('approvals', 'What waits for a person to say yes.', ['gatescribe approvals ls'])
  for (const each of [list, show, approve, deny, revoke]) group.addCommand(talksToGateway(talksToDoor(each)))
  return group
}

interface ListOptions {
  readonly state?: string[]
  readonly all?: true
  readonly run?: string
  readonly limit?: string
  readonly before?: string
}

function outcome({ id, state, requirements }: ApprovalAnswer): string {
  if (state !== 'pending') return `${id} is ${state}.`
  const missing = requirements.filter(({ approvals, needed }) => approvals < needed)
  return `Your yes to ${id} is recorded; it still waits: ${missing.map(({ rule, approvals, needed }) => `${rule} has ${approvals} of ${needed}`).join(', ')}.`
}

function state(text: string, before: string[] = []): string[] {
  if (!STATES.includes(text)) throw new InvalidArgumentError(`It is one of ${STATES.join(', ')}.`)
  return [...before, text]
}
