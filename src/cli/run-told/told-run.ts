import type { PastRun, PastSpan, RunTranscriptLine } from '../../api/local/index.ts'
import { moneyText } from '../../operations/index.ts'
import type { Style } from '../printer.ts'
import { claimWords, clock, closedWords, fate, fateStyle, outcomeWords, toldWords } from '../replay/words.ts'
import type { Moment } from './in-time.ts'

/** A line of text, and more of it below. */
export interface ToldLine {
  readonly text: string
  readonly style?: Style | undefined
  /** Indented below it. */
  readonly below?: readonly string[]
}

/** Of a statement so much is shown, characters: `sessions show` has all of it. */
const SHOWN = 160
/** Operations that are open at once, of which outcomes are told with a colour of theirs. */
const KEPT = 10_000

type Operation = Extract<RunTranscriptLine, { operation: object }>['operation']

/** A run in lines for people, one for each thing that happened. */
export class ToldRun {
  #began = Number.NaN
  /** What sessions are called: by their resource, and which of its it is. */
  readonly #names = new Map<string, string>()
  readonly #counts = new Map<string, number>()
  readonly #open = new Map<string, Operation>()

  /** @returns undefined where there is nothing to tell */
  line({ at, line }: Moment): ToldLine | undefined {
    if ('run' in line) {
      this.#began = at
      return undefined
    }
    const told = this.#told(line)
    return told && { ...told, text: `${clock((at - this.#began) / 1_000).padStart(9)} ${told.text}` }
  }

  #told(line: Exclude<RunTranscriptLine, { run: object }>): ToldLine | undefined {
    if ('session' in line) return { text: this.#opened(line.session), style: 'cyan' }
    if ('operation' in line) return this.#asked(line.operation)
    if ('outcome' in line) {
      const name = `${line.outcome.session} ${line.outcome.n}`
      const operation = this.#open.get(name)
      this.#open.delete(name)
      const style = operation && fateStyle(operation, line.outcome)
      return { text: `${this.#name(line.outcome.session)} #${line.outcome.n} ${outcomeWords(line.outcome)}`, style }
    }
    if ('told' in line) return { text: toldWords(line.told), style: 'cyan' }
    if ('closed' in line) {
      const text = `${this.#name(line.closed.session)} ${closedWords(line.closed)}`
      this.#names.delete(line.closed.session)
      return { text, style: 'cyan' }
    }
    if ('spans' in line) return this.#spans(line.spans)
    return { text: endWords(line.ended), style: 'cyan' }
  }

  #opened({ id, resource, protocol, client }: Extract<RunTranscriptLine, { session: object }>['session']): string {
    const count = (this.#counts.get(resource) ?? 0) + 1
    this.#counts.set(resource, count)
    this.#names.set(id, count === 1 ? resource : `${resource}/${count}`)
    const by = client?.application === undefined ? '' : ` by ${client.application} (claimed)`
    return `${this.#name(id)} (${protocol}) session ${id} begins${by}`
  }

  #asked(operation: Operation): ToldLine {
    const { session, n, form, about, claims, text } = operation
    this.#open.set(`${session} ${n}`, operation)
    if (this.#open.size > KEPT) this.#open.delete(this.#open.keys().next().value as string)
    const what = about === undefined ? form : [about.actions.join(', '), about.what].filter(Boolean).join(' ')
    const calls = about?.toolCalls === undefined ? '' : `  calls ${about.toolCalls.join(', ')}`
    return {
      text: `${this.#name(session)} #${n} ${what}${calls}  ${fate(operation, undefined)}`,
      style: fateStyle(operation, undefined),
      below: [...(claims ? [`claimed: ${claimWords(claims)}`] : []), ...(text === undefined ? [] : [firstLine(text)])],
    }
  }

  #spans({ claimed, other, dropped }: Extract<RunTranscriptLine, { spans: object }>['spans']): ToldLine | undefined {
    const [span] = claimed ?? []
    if (span) return { text: spanWords(span), style: 'dim' }
    if (claimed === undefined) return { text: 'spans (claimed): they are gone', style: 'dim' }
    const more = [
      ...(other > 0 ? [`${other} about something else`] : []),
      ...(dropped > 0 ? [`${dropped} too many, which were not kept`] : []),
    ]
    return more.length === 0 ? undefined : { text: `spans (claimed): ${more.join(', ')}`, style: 'dim' }
  }

  #name(session: string): string {
    return this.#names.get(session) ?? session
  }
}

function spanWords({ name, us, service, status, message, attributes }: PastSpan): string {
  const said = Object.entries(attributes).map(([key, value]) => `${key.replace('gen_ai.', '')} ${String(value)}`)
  const words = [`span (claimed) ${name}`, ...(service === undefined ? [] : [service]), `${(us / 1_000).toFixed(1)} ms`]
  const failed = status === 'error' ? [`error${message === undefined ? '' : `: ${message}`}`] : []
  return [...words, ...failed, ...(said.length === 0 ? [] : [said.join(', ')])].join('  ')
}

function endWords({ state, decisions: { allow, ask, deny }, usage }: Extract<RunTranscriptLine, { ended: object }>['ended']): string {
  const used =
    usage === undefined
      ? []
      : [
          `${usage.calls} calls of models`,
          `${usage.inputTokens} tokens in, ${usage.outputTokens} out`,
          ...usage.money.map((money) => moneyText(money)),
        ]
  return [`run ${state}: ${allow} allowed, ${ask} asked, ${deny} denied`, ...used].join(', ')
}

/** What there is to know of a run before anything happened in it, in the order in which it is shown. */
export function runFacts({ id, who, kind, issuer, state, startedAt, entry, facts = {} }: PastRun): readonly (readonly [string, string])[] {
  const said = Object.entries(facts).flatMap(([name, value]) =>
    typeof value === 'string' && name !== 'issuer' ? [[name, value] as const] : [],
  )
  return [
    ['run', id],
    ['who', `${who} (${kind} of ${issuer})`],
    ...said,
    ...(state === undefined ? [] : [['state', state] as const]),
    ['started', startedAt],
    ['entry', String(entry)],
  ]
}

/** Of a request, its head line; of a statement, how it begins. */
function firstLine(text: string): string {
  const [line = ''] = text.trimStart().split(/\r?\n/, 1)
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line
}
