import type { ExplainedEntry, ExplainedOperation } from '../../../api/local/index.ts'
import type { Printer } from '../../printer.ts'
import type { Whereabouts } from '../../reach.ts'
import type { Shell } from '../../shell.ts'
import { effectText, factLines, ruleLines } from './answer.ts'

export interface ExplainEntryOptions extends Whereabouts {
  readonly entry: string
  readonly with?: string
  readonly json?: true
}

/** Of each operation of an entry: what was decided, by which rules and facts, and what the rules of today, or of a file, say of it. */
export async function explainEntry({ entry, with: candidate, json, ...where }: ExplainEntryOptions, shell: Shell): Promise<void> {
  const { surroundings, printer } = shell
  const [{ openedGateway }, { readCandidate }] = await Promise.all([import('../../reach-or-open.ts'), import('./candidate.ts')])
  const configuration = candidate === undefined ? undefined : readCandidate(candidate, surroundings)
  await using gateway = await openedGateway(where, surroundings)
  const explained = await gateway.client.explainEntry({ entry, ...(configuration !== undefined && { configuration }) })
  if (json) return printer.json(explained)
  print(explained, candidate ?? 'what is in force', printer)
}

function print({ entry, at, session, run, resource, who, operations }: ExplainedEntry, by: string, printer: Printer): void {
  printer.line(`entry ${entry}  ${at}`, 'bold')
  printer.line(`${session}${run === undefined ? '' : ` of ${run}`}${resource === undefined ? '' : ` at ${resource}`}`)
  if (who) printer.line(`${who.kind} ${who.issuer} ${who.subject}${who.groups.length > 0 ? ` in ${who.groups.join(', ')}` : ''}`)
  for (const operation of operations) printOperation(operation, by, printer)
}

function printOperation(explained: ExplainedOperation, by: string, printer: Printer): void {
  const { operation, form, statement, decided, facts, before, after, unsure, because, besides, breakGlass } = explained
  printer.line(`#${operation} ${form}`, 'bold')
  printer.block(statement ?? '(text is gone)', 4)
  if (facts) {
    printer.line(`  does: ${facts.effects.map(effectText).join(', ') || 'nothing'}`)
    for (const line of factLines(facts)) printer.line(`  ${line}`)
  }
  if (decided) {
    const rules = decided.rules.length > 0 ? ` by ${decided.rules.join(', ')}` : ', by no rule'
    printer.line(`  then: ${decided.effect}${rules}`, decided.effect === 'allow' ? 'green' : 'red')
    printer.line(`  under ${decided.policy}`)
    if (before) printRules(before, facts, printer)
    else printer.line('    (the rules of then are not there any more)')
  }
  if (breakGlass) printer.line(`  It was let pass under break-glass ${breakGlass}, unless its outcome says that it was refused.`, 'yellow')
  if (besides) printer.line('  The rules permitted it: a budget refused it, or its run was suspended.', 'yellow')
  if (unsure) printer.line(`  cannot be told: ${unsure.why}${unsure.needs ? ` (${unsure.needs.join(', ')})` : ''}`, 'yellow')
  if (because === 'resource') printer.line(`  ${by}: deny, as there is no such resource`, 'red')
  if (because === 'opening') printer.line(`  ${by}: deny, as no session would be opened`, 'red')
  if (!after) return
  const { effect, rules } = after.decision
  const how = rules.length > 0 ? ` by ${rules.join(', ')}` : ', because no rule permits all of it'
  if (!because && !unsure) printer.line(`  ${by}: ${effect}${how}`, effect === 'allow' ? 'green' : 'red')
  else printer.line(`  the rules of ${by}:`)
  printRules(after, facts, printer)
}

function printRules(explanation: NonNullable<ExplainedOperation['after']>, facts: ExplainedOperation['facts'], printer: Printer): void {
  for (const line of ruleLines(explanation, facts ?? {})) printer.line(`    ${line}`)
}
