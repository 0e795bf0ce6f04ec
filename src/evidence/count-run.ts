import { addUsage, NO_USAGE, type UsageSum } from '../operations/index.ts'
import type { DecisionRow, EntryFields, IntentFields, OutcomeFields, Trail } from '../trail/index.ts'
import { Belonging } from './belonging.ts'

/** What the log holds of a run. */
export interface RunCount {
  /** Index of its `run.start`; undefined where that was not read. */
  first: number | undefined
  /** Index of its newest entry but `run.end`. */
  last: number | undefined
  /** Of its `run.revoked`. */
  revoked: number | undefined
  /** Of its `run.end`. */
  ended: number | undefined
  /** Operations by what the rules said. */
  readonly decisions: { allow: number; ask: number; deny: number }
  /** What calls of models came to. */
  usage: UsageSum
  /** Entries that tell of something missing. */
  gaps: number
}

/** Entries that name a run without being of it: what others did with it. */
const ABOUT = /^(log\.|hold\.|erased$|pruned$)/

/** Reads the log from an index to its present end. @throws TrailError */
export async function countRun(trail: Pick<Trail, 'read'>, run: string, from: number): Promise<RunCount> {
  const count: RunCount = {
    ...{ first: undefined, last: undefined, revoked: undefined, ended: undefined },
    ...{ decisions: { allow: 0, ask: 0, deny: 0 }, usage: NO_USAGE, gaps: 0 },
  }
  const belonging = new Belonging({ run })
  /** What each session's numbers for decisions stand for. */
  const effects = new Map<unknown, Map<number, DecisionRow[1]>>()
  for await (const entry of trail.read({ from })) {
    if (!belonging.mayHave(entry.bytes) || !belonging.has(entry.fields) || ABOUT.test(entry.kind)) continue
    const { index, kind, fields } = entry
    switch (kind) {
      case 'run.start':
        count.first ??= index
        break
      case 'run.revoked':
        count.revoked ??= index
        break
      case 'run.end':
        count.ended ??= index
        continue
      case 'session.close':
        effects.delete(fields.session)
        break
      case 'operation.intent':
        add(count, fields, effects)
        break
      case 'operation.outcome':
        spend(count, fields)
        break
      case 'gap':
        count.gaps++
    }
    count.last = index
  }
  return count
}

function add({ decisions }: RunCount, fields: EntryFields, effects: Map<unknown, Map<number, DecisionRow[1]>>): void {
  const { session, ops, decisions: said = [] } = fields as IntentFields
  let known = effects.get(session)
  if (!known) {
    known = new Map()
    effects.set(session, known)
  }
  for (const [number, effect] of said) known.set(number, effect)
  for (const [, , decision] of ops) {
    const effect = known.get(decision)
    if (effect !== undefined) decisions[effect]++
  }
}

function spend(count: RunCount, fields: EntryFields): void {
  const { usage = [] } = fields as OutcomeFields
  for (const [, inputTokens, outputTokens, cachedTokens, micros, currency] of usage) {
    const money = micros !== undefined && currency !== undefined && { money: { micros, currency } }
    count.usage = addUsage(count.usage, { inputTokens, outputTokens, cachedTokens, ...money })
  }
}
