import type { CasesAsked, CheckedRules, TestedRules } from '../api/local/index.ts'
import { type Config, ConfigError, type ConfigProblem, caseSurroundings, judgeText, type PolicyCase, parseCases } from '../config/index.ts'
import { type Answer, openRehearsal, type Rehearsed } from './rehearsal.ts'

/** What becomes of one case. */
export interface CaseOutcome {
  readonly passed: boolean
  readonly found: { readonly effect: 'allow' | 'ask' | 'deny'; readonly rules: readonly string[] }
}

/** Whether the answer is what the case expects: its effect, and every rule that it names among those that spoke. */
export function judgeCase({ expect }: Pick<PolicyCase, 'expect'>, { explanation, refusal }: Answer): CaseOutcome {
  const { effect, rules } = refusal === undefined ? explanation.decision : { effect: 'deny' as const, rules: [] }
  const passed = effect === expect.effect && (expect.rules ?? []).every((rule) => (rules as readonly string[]).includes(rule))
  return { passed, found: { effect, rules } }
}

/** @param now milliseconds since the epoch */
export function checkRules(configuration: string, now: number): CheckedRules {
  const { problems, warnings, rules } = judgeText(configuration, now)
  const said = (all: readonly ConfigProblem[]) => all.map(({ file: _, ...problem }) => problem)
  return { ok: problems.length === 0, rules: rules?.rules.length ?? 0, problems: said(problems), warnings: said(warnings) }
}

/**
 * @param inForce what is tested where nothing else was sent @param now milliseconds since the epoch, for cases that name no moment
 * @throws ConfigError where rules or cases are refused
 */
export async function testRules({ configuration, cases }: CasesAsked, inForce: Config, now: number): Promise<TestedRules> {
  const rehearsed: Rehearsed = configuration === undefined ? inForce : candidate(configuration, now)
  const read = parseCases(cases, caseSurroundings(rehearsed))
  const rehearsal = await openRehearsal(rehearsed, read.schema)
  try {
    const outcomes: TestedRules['cases'] = []
    for (const each of read.cases) {
      const { passed, found } = judgeCase(each, await rehearsal.ask({ ...each, now: each.at ?? now }))
      const { name, line, expect } = each
      const expected = { effect: expect.effect, rules: [...(expect.rules ?? [])] }
      outcomes.push({ name, line, passed, expected, found: { effect: found.effect, rules: [...found.rules] } })
    }
    const passed = outcomes.filter((outcome) => outcome.passed).length
    return { passed, failed: outcomes.length - passed, cases: outcomes }
  } finally {
    await rehearsal.close()
  }
}

function candidate(configuration: string, now: number): Rehearsed {
  const { problems, rules } = judgeText(configuration, now)
  if (!rules) throw new ConfigError(problems)
  return rules
}
