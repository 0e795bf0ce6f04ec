import { buildLimits, buildRule } from './build.ts'
import { buildMasks } from './build-masks.ts'
import { checkRulesOf } from './checks/index.ts'
import type { ConfigProblem } from './config.ts'
import { ConfigError } from './errors.ts'
import { explainIssues } from './explain.ts'
import { type RulesIn, ruledResource } from './rules-in.ts'
import { document } from './schema/document.ts'
import { type Finding, parseSource } from './source.ts'
import { findUnsupported } from './unsupported.ts'

/** What there is to say of a configuration that is at hand as text only. */
export interface JudgedText {
  /** In the order of the text; where there is one, it would be refused. */
  readonly problems: ConstructorParameters<typeof ConfigError>[0]
  readonly warnings: readonly ConfigProblem[]
  /** Absent where there are problems. */
  readonly rules?: RulesIn
}

/**
 * Judges the rules of a configuration that somebody sent: names, types of conditions, rules that never match or never change an answer. What stands in files
 * or in the environment is not looked at, so that nobody learns from it what is there.
 *
 * @param now milliseconds since the epoch, for rules that have expired
 */
export function judgeText(text: string, now: number): JudgedText {
  try {
    const source = parseSource('configuration', text)
    const said = (findings: readonly Finding[]) => findings.map(source.problem).toSorted((a, b) => a.line - b.line || a.column - b.column)
    const unsupported = findUnsupported(source.value).findings
    const parsed = document.safeParse(source.value)
    if (!parsed.success || unsupported.length > 0)
      return { problems: said([...unsupported, ...explainIssues(parsed.error?.issues ?? [], source.value)]), warnings: [] }
    const { errors, warnings } = checkRulesOf(parsed.data, now)
    if (errors.length > 0) return { problems: said(errors), warnings: said(warnings) }
    const { rules, limits, resources } = parsed.data
    return {
      problems: [],
      warnings: said(warnings),
      rules: {
        rules: rules.map(buildRule),
        limits: buildLimits(limits),
        masks: buildMasks(parsed.data),
        resources: resources.map(ruledResource),
      },
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problems: error.problems as ConstructorParameters<typeof ConfigError>[0], warnings: [] }
  }
}
