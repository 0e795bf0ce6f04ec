import { type Command, InvalidArgumentError } from 'commander'
import type { ReplayReport } from '../../../api/local/index.ts'
import { exitCodes } from '../../exit-codes.ts'
import { momentOf } from '../../moments.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'

/** Percent between two words about how far it is. */
const STEP = 5

interface Options extends Whereabouts {
  readonly with: string
  readonly since?: Date
  readonly until?: Date
  readonly resource?: string
  readonly limit: number
  readonly strict?: true
  readonly json?: true
}

type Change = ReplayReport['changes'][number]

export function policyReplayCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  return command(
    'replay',
    'Judges what was recorded by the rules of another configuration, from the facts in the trail: what would come out differently, and for whom. Changes nothing. That it is read is recorded.',
    [
      'gatescribe policy replay --since 30d --with new.yaml',
      'gatescribe policy replay --since 7d --resource orders-db --with new.yaml --json | jq .changes',
    ],
  )
    .requiredOption('--with <file>', 'the other configuration')
    .option('--since <time>', 'from then on: 90s, 15m, 2h, 7d ago, or RFC 3339 (default: everything)', time)
    .option('--until <time>', 'before then', time)
    .option('--resource <resource>', 'only what was done at this resource')
    .option('--limit <number>', 'examples of each change, up to 100', examples, 3)
    .option('--strict', 'that something cannot be told is a failure too, for CI')
    .action(async ({ with: candidate, since, until, resource, limit, strict, json, ...where }: Options) => {
      const [{ openedGateway }, { readCandidate }] = await Promise.all([import('../../reach-or-open.ts'), import('./candidate.ts')])
      const configuration = readCandidate(candidate, surroundings)
      await using gateway = await openedGateway(where, surroundings)
      const asked = {
        ...{ configuration, examples: limit },
        ...(since && { since: since.toISOString() }),
        ...(until && { until: until.toISOString() }),
        ...(resource !== undefined && { resource }),
      }
      let told = ''
      for await (const line of gateway.client.replayPolicy(asked, surroundings.signal)) {
        if ('done' in line) {
          const now = `judged ${Math.floor((line.done / line.of) * (100 / STEP)) * STEP} %`
          if (now !== told) printer.remark(`${now} of ${line.of} entries`)
          told = now
          continue
        }
        const { report } = line
        if (report.changed > 0) shell.exitCode = exitCodes.wouldChange.code
        else if (strict && report.untold > 0) shell.exitCode = exitCodes.refused.code
        if (json) printer.json(report)
        else print(report)
      }
    })

  function print(report: ReplayReport): void {
    const { operations, same, otherRules, limitsUnknown, changed, untold, besides, otherChanges } = report
    printer.line(`${count(operations, 'operation')} of entries ${report.first} to ${report.end - 1}, by ${report.policy}`)
    printer.line(`  ${same} come out the same${otherRules > 0 ? `, ${otherRules} of them by other rules` : ''}`)
    if (limitsUnknown > 0) printer.line(`  of ${limitsUnknown} of those the limits of then are not known`)
    printer.line(`  ${changed} would come out differently`, changed > 0 ? 'yellow' : 'green')
    if (untold > 0) printer.line(`  of ${untold} it cannot be told`, 'yellow')
    if (besides > 0) printer.line(`  ${besides} were refused by a budget although the rules permitted them; they are judged by the rules`)
    for (const change of report.changes) printChange(change)
    if (otherChanges > 0) printer.line(`and ${otherChanges} times in other ways`)
    for (const { why, needs = [], count: times, entry } of report.unsure) {
      printer.line(`cannot be told: ${times} times, first in entry ${entry}`, 'yellow')
      printer.line(`  ${why}${needs.length > 0 ? ` (${needs.join(', ')})` : ''}`)
    }
  }

  function printChange({ what, from, to, count: times, who, others, examples }: Change): void {
    const title = what === 'opening' ? `sessions ${openingOf(from)} -> ${openingOf(to)}` : `${answerOf(from)} -> ${answerOf(to)}`
    printer.line(`${title}: ${times} times`, to.effect === 'deny' ? 'red' : 'yellow')
    if (from.effect === to.effect) printer.line(`  limits ${limitsOf(from)} -> ${limitsOf(to)}`)
    for (const { issuer, subject, resource, count: by } of who) printer.line(`  ${by} by ${issuer} ${subject} at ${resource}`)
    if (others > 0) printer.line(`  ${others} by others`)
    for (const { entry, operation, run, statement } of examples) {
      const which = operation === undefined ? '' : ` #${operation}`
      printer.line(`    entry ${entry}${which}  ${run}${operation === undefined ? '' : `  ${statement ?? '(text is gone)'}`}`, 'dim')
    }
  }
}

const openingOf = ({ effect }: Change['from']) => (effect === 'allow' ? 'opened' : 'not opened')

function answerOf({ effect, rules, because }: Change['from']): string {
  if (because === 'resource') return `${effect} (no such resource)`
  if (because === 'opening') return `${effect} (no session would be opened)`
  return rules.length === 0 ? `${effect} (no rule permits it)` : `${effect} by ${rules.join(', ')}`
}

function limitsOf({ limits }: Change['from']): string {
  const all = Object.entries(limits ?? {}).map(([name, value]) => `${name} ${value}`)
  return all.length === 0 ? 'none' : all.join(', ')
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`

function examples(text: string): number {
  if (!/^(\d{1,2}|100)$/.test(text)) throw new InvalidArgumentError('It is a whole number from 0 to 100.')
  return Number(text)
}

function time(text: string): Date {
  const moment = momentOf(text, Date.now())
  if (!moment) throw new InvalidArgumentError('It is a time: 90s, 15m, 2h or 7d ago, or RFC 3339 such as 2026-11-23T21:00:00Z.')
  return moment
}
