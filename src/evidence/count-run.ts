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
  /** By resource, those that were opened last behind the others. */
  readonly shares: Map<string, MutableShare>
  /** Entries that tell of something missing. */
  gaps: number
}

/** A session that is read, at its resource. */
interface At {
  readonly share: MutableShare
  /** Numbers of operations that try another one again by another way: refused again, they are no second refusal. */
  readonly again: Set<number>
}

interface MutableShare {
  readonly resource: string
  sessions: number
  sessionsRefused: number
  operations: number
  refused: number
  held: number
  masked: number
}

/** Entries that name a run or session without being of it: what others did with it, and what carried it. */
const ABOUT = /^(log\.|hold\.|connector\.|erased$|pruned$)/

/** Reads the log from an index to its present end. @throws TrailError */
export async function countRun(trail: Pick<Trail, 'read'>, run: string, from: number): Promise<RunCount> {
  const count: RunCount = {
    ...{ first: undefined, last: undefined, revoked: undefined, ended: undefined },
    ...{ decisions: { allow: 0, ask: 0, deny: 0 }, usage: NO_USAGE, shares: new Map(), gaps: 0 },
  }
  const belonging = new Belonging({ run })
  /** What each session's numbers for decisions stand for. */
  const effects = new Map<unknown, Map<number, DecisionRow[1]>>()
  /** Where each session is. */
  const at = new Map<unknown, At>()
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
      case 'session.open':
        open(count, fields, at)
        break
      case 'session.close':
        effects.delete(fields.session)
        at.delete(fields.session)
        break
      case 'operation.intent':
        add(count, fields, effects, at.get(fields.session))
        break
      case 'operation.outcome':
        spend(count, fields, at.get(fields.session))
        break
      case 'gap':
        count.gaps++
    }
    count.last = index
  }
  return count
}

function open({ shares }: RunCount, fields: EntryFields, at: Map<unknown, At>): void {
  const { session, effect, resource } = fields
  if (typeof resource !== 'string') return
  const share = shares.get(resource) ?? { resource, sessions: 0, sessionsRefused: 0, operations: 0, refused: 0, held: 0, masked: 0 }
  shares.set(resource, share)
  at.set(session, { share, again: new Set() })
  if (effect === 'deny') share.sessionsRefused++
  else share.sessions++
}

function add({ decisions }: RunCount, fields: EntryFields, effects: Map<unknown, Map<number, DecisionRow[1]>>, at: At | undefined): void {
  const share = at?.share
  const { session, ops, decisions: said = [], retries = [] } = fields as IntentFields
  for (const [n] of retries) at?.again.add(n)
  let known = effects.get(session)
  if (!known) {
    known = new Map()
    effects.set(session, known)
  }
  for (const [number, effect] of said) known.set(number, effect)
  for (const [, , decision] of ops) {
    const effect = known.get(decision)
    if (effect === undefined) continue
    decisions[effect]++
    if (share) share.operations++
    if (share && effect === 'ask') share.held++
  }
}

function spend(count: RunCount, fields: EntryFields, at: At | undefined): void {
  const { usage = [], outcomes, masked = [] } = fields as OutcomeFields
  if (at) {
    const { share, again } = at
    for (const [n, status] of outcomes) {
      if (status !== 'refused') continue
      if (again.has(n)) share.operations--
      else share.refused++
    }
    for (const [, , , number] of masked) share.masked += number
  }
  for (const [, inputTokens, outputTokens, cachedTokens, micros, currency] of usage) {
    const money = micros !== undefined && currency !== undefined && { money: { micros, currency } }
    count.usage = addUsage(count.usage, { inputTokens, outputTokens, cachedTokens, ...money })
  }
}
