import {
  CodedError,
  type Decision,
  type Grant,
  type MaskedUse,
  PLANES,
  Refusal,
  type RefusalCode,
  type Resource,
} from '../operations/index.ts'

/** What a decision that is not "allow" says to the client; undefined where it allows. @param kind of the resource */
export function refusalOf(decision: Decision, kind: Resource['kind']): Refusal | undefined {
  const rule = decision.rules[0]
  switch (decision.effect) {
    case 'allow':
      return undefined
    case 'ask':
      return new Refusal('GS_APPROVAL_UNAVAILABLE', { rule })
    case 'deny':
      if (decision.exceeds === 'statementBytes') return tooLong(rule)
      if (decision.masked !== undefined) return masked(decision.masked, rule, kind)
      return new Refusal('GS_POLICY_DENIED', {
        rule,
        reason: rule === undefined ? 'No rule allows this operation.' : `The rule "${rule}" denies this operation.`,
        next: decision.say,
      })
  }
}

/** Of the others, where one part of what was approved is refused. */
export function anotherRefused({ id }: Grant): Refusal {
  return new Refusal('GS_APPROVAL_VOID', {
    ticket: id,
    reason: 'Another part of what was approved is refused now, so nothing of it is run.',
    next: 'See why that part is refused.',
  })
}

/**
 * What says nothing of whether an agent tries what it may not: it was told to come back, nobody answered it, it changed its mind, or it is
 * not its doing.
 */
const UNCOUNTED: ReadonlySet<RefusalCode> = new Set([
  'GS_RUN_SUSPENDED',
  'GS_APPROVAL_PENDING',
  'GS_APPROVAL_EXPIRED',
  'GS_APPROVAL_WITHDRAWN',
  'GS_TRAIL_UNAVAILABLE',
])

/** Whether the budget of refusals counts it. */
export function countsAsRefused({ code }: Refusal): boolean {
  return !UNCOUNTED.has(code)
}

function tooLong(rule: string | undefined): Refusal {
  return new Refusal('GS_LIMIT_EXCEEDED', {
    rule,
    reason: 'The statement is longer than it may be.',
    next: 'Send it in shorter parts, or pass long values as parameters.',
  })
}

const MASKED: Readonly<Record<MaskedUse, readonly [does: string, next: string]>> = {
  predicate: [
    'covers a column that this statement filters, joins, orders or groups by, or may fail by',
    'Filter, join, order, group and calculate by other columns; this one may only be selected as it is, and comes back masked.',
  ],
  source: [
    'covers a column whose value this statement would store elsewhere',
    'Leave that column out of what is stored; select it, if what comes back masked will do.',
  ],
  written: [
    'covers a column that this statement would write',
    'Leave that column out of what is inserted or updated: what was read of it is masked and must not be written back.',
  ],
  unknown: [
    'covers columns of this database, and it cannot be told what this statement does with them',
    'Run it once more; if it is refused again, write it as plain statements on tables, one at a time, without code whose effects are not known.',
  ],
}

const MASKED_FIELDS: typeof MASKED = {
  predicate: [
    'covers a field that this request selects objects by, or tests',
    'Select by other fields, and test none that is masked: it may only be read as it is, and comes back masked.',
  ],
  source: ['covers a field whose value this request would copy elsewhere', 'Leave copy and move of that field out of the patch.'],
  written: [
    'covers a field that this request would write or remove',
    'Leave that field out of what is sent, and patch the others only: what was read of it is masked and must not be written back.',
  ],
  unknown: [
    'covers fields of this resource, and it cannot be told what this request does with them',
    'Send JSON or plain YAML of at most 3 MiB, without repeated keys or aliases, as kubectl apply -f does; of a node, ask the API server instead of its proxy.',
  ],
}

/** @param by `mask:<name>` */
function masked(use: MaskedUse, by: string | undefined, kind: Resource['kind']): Refusal {
  const ofStatement = PLANES[kind].operation === 'statement'
  const [does, next] = (ofStatement ? MASKED : MASKED_FIELDS)[use]
  const code = ofStatement ? 'GS_MASKED_COLUMN' : 'GS_MASKED_FIELD'
  return new Refusal(code, { rule: by, reason: `The mask "${by?.replace('mask:', '')}" ${does}.`, next })
}

/** Of what nobody can look at before it comes, where a rule does not let persons approve it all the same. */
export function unseenContent(rule: string | undefined): Refusal {
  return new Refusal('GS_APPROVAL_UNAVAILABLE', {
    rule,
    reason: 'What is sent over it is not known when persons are asked, and no rule lets them approve it unseen.',
    next: 'Say all of it at once, as a command without a terminal and standard input, or ask the owner of the rule for stream: true.',
  })
}

const EXCEEDED = {
  rows: ['It came to more rows than it may.', 'Ask for fewer rows at once: add a WHERE clause or a LIMIT.'],
  bytes: ['It came to more bytes than it may.', 'Ask for fewer rows or fewer columns at once.'],
  time: ['It took longer than it may.', 'Ask for less at once, or in a way that the target can answer faster.'],
} as const

/** @param rule whose limit it is; undefined: it holds for everybody */
export function limitExceeded(what: keyof typeof EXCEEDED, rule: string | undefined, kind: Resource['kind']): Refusal {
  const [reason, ofStatement] = EXCEEDED[what]
  const next = PLANES[kind].operation === 'statement' ? ofStatement : 'Ask for less at once: fewer objects, fewer bytes, or a shorter time.'
  return new Refusal('GS_LIMIT_EXCEEDED', { rule, reason, next })
}

/** @returns the refusal of a session that no rule could ever allow anything */
export function noRuleOpens(resource: Resource): Refusal {
  return new Refusal('GS_POLICY_DENIED', { reason: `No rule allows this run anything on "${resource.name}".` })
}

/** What a client hears when its intent could not be made durable: the trail's own words, as a refusal. Refusals pass through. */
export function trailUnavailable(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof CodedError) return new Refusal('GS_TRAIL_UNAVAILABLE', { reason: error.message })
  throw error
}
