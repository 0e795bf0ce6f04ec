import type { CardContent, RequestCard, RequestView } from '../approvals/index.ts'
import { type EffectivePart, type Facts, PLANES, type Run } from '../operations/index.ts'
import { boundParameters } from './bound-parameters.ts'
import { requestFacts } from './request-facts.ts'
import { type Shown, visible, visibleBytes, visibleHex } from './visible.ts'

/** One thing that is known, by a name of ours. */
export interface CardFact {
  readonly name: string
  /** Each on its own, so that none can pass for two. */
  readonly values: readonly (readonly Shown[])[]
}

/** One piece of what is asked for, in full. */
export interface CardPart {
  readonly label: string
  readonly about: readonly CardFact[]
  readonly form: 'text' | 'hex'
  /** Of the content. */
  readonly bytes: number
  readonly shown: readonly Shown[]
}

/** What a person is shown who answers, the same in every channel, in this order. */
export interface Card {
  readonly facts: readonly CardFact[]
  /** What gives the parts their meaning. */
  readonly session: readonly CardFact[]
  /** Undefined where it was erased or pruned. */
  readonly parts: readonly CardPart[] | undefined
  /** Written by the agent, may be false: to be shown folded, and labelled so. */
  readonly claimed: readonly Shown[] | undefined
}

export const CLAIMED_LABEL = 'Written by the agent, may be false'

/** @param run undefined where the gateway does not know it any more */
export function cardOf({ request, content }: RequestCard, run: Run | undefined): Card {
  return {
    facts: [
      fact('state', stateOf(request)),
      ...whoFacts(request, run),
      ...whereFacts(request, content),
      ...(content ? whatFacts(content.effective.facts) : []),
      ...askedFacts(request, content),
    ].filter(({ values }) => values.length > 0),
    session: Object.entries(content?.effective.session ?? {}).map(([name, value]) => fact(name, value)),
    parts: content?.effective.parts.flatMap((part) => partsOf(content.effective.protocol, part)),
    claimed: content?.claimed?.message === undefined ? undefined : visible(content.claimed.message),
  }
}

function fact(name: string, ...values: readonly (string | undefined)[]): CardFact {
  return { name, values: values.flatMap((value) => (value === undefined ? [] : [visible(value)])) }
}

function stateOf({ state, why }: RequestView): string {
  return why === undefined ? state : `${state} (${why})`
}

/** In the order in which people ask; what an issuer tells besides stands behind. */
const RUN_FACTS = ['repository', 'workflow', 'launcher', 'rerunner', 'author', 'commit', 'attempt']

function whoFacts(request: RequestView, run: Run | undefined): readonly CardFact[] {
  if (run === undefined) return [fact('run', request.run), fact('who', 'not known any more')]
  const { principal, facts } = run
  const names = [...RUN_FACTS, ...Object.keys(facts).filter((name) => !RUN_FACTS.includes(name))]
  return [
    fact('run', request.run),
    fact('who', `${principal.kind} of ${principal.issuer}`, principal.subject),
    ...names.map((name) => fact(name, (facts as Readonly<Record<string, string | undefined>>)[name])),
  ]
}

function whereFacts({ resource, protocol, stream, session }: RequestView, content: CardContent | undefined): readonly CardFact[] {
  return [
    fact('resource', resource),
    fact('protocol', protocol),
    fact('database', content?.effective.database),
    fact('session', session),
    ...(stream ? [fact('stream', 'content follows that nobody has seen yet; this approval covers it')] : []),
  ]
}

/** What several parts do is put together; where one of them is not known, that is said too. */
function whatFacts(all: readonly Facts[]): readonly CardFact[] {
  const sql = all.flatMap((each) => (each.sql ? [each.sql] : []))
  const union = (lists: readonly (readonly string[] | undefined)[]) => [...new Set(lists.flatMap((list) => list ?? ['not known']))].sort()
  const effects = union(all.map((each) => each.effects.map((effect) => `${effect.class}: ${effect.action}`)))
  const isSql = sql.length > 0
  const changes = all.some((each) => each.effects.some(({ action }) => action === 'update' || action === 'delete'))
  return [
    fact('does', ...effects),
    ...requestFacts(all).map(([name, ...values]) => fact(name, ...values)),
    ...(isSql
      ? [fact('reads', ...named(union(sql.map(({ reads }) => reads)))), fact('writes', ...named(union(sql.map(({ writes }) => writes))))]
      : []),
    ...(isSql && changes ? [fact('bounded', boundedOf(sql.map(({ bounded }) => bounded)))] : []),
    ...(isSql ? [fact('transaction', ...new Set(sql.map(({ transaction }) => transaction ?? 'not known')))] : []),
  ]
}

const named = (names: readonly string[]) => (names.length === 0 ? ['nothing'] : names)

function boundedOf(all: readonly (boolean | undefined)[]): string {
  if (all.includes(false)) return 'no: it may change every row'
  return all.includes(undefined) ? 'not known' : 'yes: a condition restricts the rows'
}

function askedFacts(request: RequestView, content: CardContent | undefined): readonly CardFact[] {
  const { requirements, decisions, state, mode, protocol } = request
  const nameOf = (who: string) => content?.names.find((name) => name.who === who)?.displayName ?? who
  return [
    fact(
      'asked by rule',
      ...requirements.map(
        ({ rule, groups, approvals, needed }) =>
          `${rule}: ${approvals} of ${needed} approvals, from ${groups?.join(' or ') ?? 'any approver'}`,
      ),
    ),
    fact(
      'answers',
      ...decisions.map(({ who, verdict, at, independence, separation }) =>
        [
          `${nameOf(who)}: ${verdict === 'approve' ? 'yes' : 'no'}, ${moment(at)}`,
          independence === 'unproven' && 'not proven that it is not who started the run',
          separation === 'unproven' && 'the policy had changed within 24 hours',
        ]
          .filter(Boolean)
          .join('; '),
      ),
    ),
    fact('asked at', moment(request.askedAt)),
    ...(state === 'pending'
      ? [
          fact('waits until', moment(request.expiresAt)),
          fact('waiting', mode === 'hold' ? 'with an open connection' : `it comes back with the same ${PLANES[protocol].operation}`),
        ]
      : []),
    ...(state === 'approved' && request.usableUntil !== undefined ? [fact('usable until', moment(request.usableUntil))] : []),
    ...(request.endedAt === undefined ? [] : [fact('ended at', moment(request.endedAt))]),
    fact('policy', request.policy),
  ]
}

/** Parameters of PostgreSQL come as one piece, in the form of the wire: a person reads them one by one. */
function partsOf(protocol: RequestView['protocol'], part: EffectivePart): readonly CardPart[] {
  const bound = protocol === 'postgres' && part.label === 'parameters' ? boundParameters(part.content) : undefined
  if (bound === undefined) return [partOf(part)]
  return bound.map(({ format, value }, at) =>
    partOf({
      label: `parameter ${at + 1} of ${bound.length}`,
      content: value ?? new Uint8Array(),
      detail: value === undefined ? { value: 'NULL' } : { format },
    }),
  )
}

function partOf({ label, content, detail = {} }: EffectivePart): CardPart {
  const isBinary = detail.format === 'binary' || label === 'parameters'
  return {
    label,
    about: Object.entries(detail).map(([name, value]) => fact(name, String(value))),
    form: isBinary ? 'hex' : 'text',
    bytes: content.byteLength,
    shown: isBinary ? visibleHex(content) : visibleBytes(content),
  }
}

const moment = (milliseconds: number) =>
  new Date(milliseconds)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
