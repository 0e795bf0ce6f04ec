import type { Answer } from '../../../gateway/index.ts'

type Rule = Answer['explanation']['rules'][number]
type Effect = Answer['facts']['effects'][number]

/** An answer as people read it: what the statement is, what each rule says of it, what is missing. */
export function linesOf({ explanation, facts, refusal }: Answer): readonly string[] {
  const { decision, rules, unpermitted } = explanation
  const width = Math.max(...rules.map(({ name }) => name.length), 0)
  return [
    ...(refusal === undefined ? [] : [`refused whatever the rules say: ${refusal}`]),
    `does: ${facts.effects.map(effectText).join(', ') || 'nothing'}`,
    ...factLines(facts),
    ...rules.map(
      (rule) => `rule ${rule.name.padEnd(width)}  ${rule.effect.padEnd(5)}  ${ruleText(rule)}${rule.decides ? '  <- decides' : ''}`,
    ),
    ...(unpermitted.length > 0 ? [`permitted by no rule: ${unpermitted.map(effectText).join(', ')}`] : []),
    ...(decision.exceeds === undefined ? [] : ['The statement is longer than limits.statementBytes of the configuration.']),
    ...(decision.limits === undefined
      ? []
      : [
          `limits: ${Object.entries(decision.limits)
            .map(([name, value]) => `${name} ${value}`)
            .join(', ')}`,
        ]),
  ]
}

const effectText = ({ class: name, action }: Effect) => `${name} (${action})`

function factLines({ sql }: Answer['facts']): string[] {
  const known: Readonly<Record<string, unknown>> = {
    reads: sql?.reads,
    writes: sql?.writes,
    'columns.output': sql?.columns?.output,
    'columns.predicate': sql?.columns?.predicate,
    'columns.written': sql?.columns?.written,
    functions: sql?.functions,
    bounded: sql?.bounded,
    statements: sql?.statements,
  }
  return Object.entries(known).map(([name, value]) => `sql.${name}: ${valueText(value)}`)
}

function valueText(value: unknown): string {
  if (value === undefined) return 'unknown'
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
}

function ruleText({ effect, matches, misses, when, permits }: Rule): string {
  if (when !== undefined && 'failed' in when) {
    return effect === 'allow' ? `permits nothing, because ${when.failed}` : `denies, because ${when.failed}`
  }
  if (permits.length > 0) return `permits ${permits.map(effectText).join(', ')}`
  if (matches) return effect === 'deny' ? 'denies' : 'speaks'
  return `says nothing: ${misses.map(missText).join(', ')}`
}

const missText = (miss: Rule['misses'][number]) => (miss === 'when' ? 'when is false' : `${miss} does not match`)
