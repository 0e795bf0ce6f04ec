import type { RunTranscriptLine } from '../../api/local/index.ts'
import { traceIdOf } from '../../operations/index.ts'

/** Traces that are counted; a job can claim any number. */
const MOST = 1_000
/** Names that one of them is told with. */
const NAMES = 8

export interface Traced {
  readonly trace: string
  operations: number
  spans: number
  /** Resources, services and agents that were named with it. */
  readonly names: Set<string>
}

/** What of a run its clients say belongs together. Claimed: a job may say what it likes, and frameworks break traces apart. */
export class Traces {
  readonly #known = new Map<string, Traced>()
  readonly #resources = new Map<string, string>()
  /** Traces that were too many. */
  more = 0

  see(line: RunTranscriptLine): void {
    if ('session' in line) this.#resources.set(line.session.id, line.session.resource)
    else if ('closed' in line) this.#resources.delete(line.closed.session)
    else if ('operation' in line) {
      const { session, claims } = line.operation
      const trace = this.#of(traceIdOf(claims?.traceparent ?? ''))
      if (!trace) return
      trace.operations++
      named(trace, this.#resources.get(session))
      named(trace, claims?.agent)
    } else if ('spans' in line) {
      for (const { trace: id, service, attributes } of line.spans.claimed ?? []) {
        const trace = this.#of(id)
        if (!trace) continue
        trace.spans++
        named(trace, service)
        named(trace, attributes['gen_ai.agent.name'])
      }
    }
  }

  /** In the order in which they were seen first. */
  get all(): readonly Traced[] {
    return [...this.#known.values()]
  }

  #of(trace: string | undefined): Traced | undefined {
    if (trace === undefined) return undefined
    const known = this.#known.get(trace)
    if (known) return known
    if (this.#known.size === MOST) {
      this.more++
      return undefined
    }
    const traced = { trace, operations: 0, spans: 0, names: new Set<string>() }
    this.#known.set(trace, traced)
    return traced
  }
}

function named({ names }: Traced, name: unknown): void {
  if (typeof name === 'string' && names.size < NAMES) names.add(name)
}
