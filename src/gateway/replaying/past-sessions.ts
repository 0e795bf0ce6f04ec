import type { Principal, RunId } from '../../operations/index.ts'
import type { DecisionRow, IntentFields, StoredEntry } from '../../trail/index.ts'
import type { PastHistories } from './past-histories.ts'
import type { PastConfiguration } from './past-policies.ts'
import { Window } from './window.ts'

/** Pairs of decision and facts that a session of the guard refers to at most before it begins anew (guard/decision-references.ts). */
const REMEMBERED = 4_096

/** A decision as a session said it, and the entry that said it. */
export interface SaidDecision {
  readonly effect: DecisionRow[1]
  readonly rules: readonly string[]
  readonly policy: string
  /** Its facts by their number; undefined where none were recorded. */
  readonly facts: number | undefined
}

/** A session, as far as the log has been read. */
export interface PastSession {
  readonly id: string
  readonly runId: RunId
  readonly kind: Principal['kind']
  readonly resource: string
  /** Digest of the policy that it was opened under, and the configuration that was in force then. */
  readonly policy: string
  readonly configuration: PastConfiguration | undefined
  readonly effect: 'allow' | 'deny'
  /** Whether it was opened under break-glass: then no rule decided whether it is, nor what its connection to the target is for. */
  readonly isUnderBreakGlass: boolean
  /** ms since the epoch */
  readonly openedAt: number
  readonly opened: StoredEntry
  /** Its run's `run.start`; undefined where this log does not have it. */
  readonly started: StoredEntry | undefined
  readonly decisions: Window<SaidDecision>
  /** The entries that said facts and statements, by number. */
  readonly facts: Window<number>
  readonly statements: Window<number>
}

/** An entry is canonical: whatever stands in its fields cannot look like this. */
const kindIn = (entry: Buffer, kind: string) => entry.includes(`"kind":"${kind}"`)
const FOLLOWED = ['operation.intent', 'session.open', 'session.close', 'run.start', 'run.end', 'gateway.start', 'config.changed']

/** Whether an entry must be seen to understand others; most need not even be parsed. */
export function isFollowed({ bytes }: StoredEntry): boolean {
  const entry = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return FOLLOWED.some((kind) => kindIn(entry, kind))
}

/** Follows a log in order: whose sessions there are, and what they said once and refer to. Of what is over, nothing is kept. */
export class PastSessions {
  readonly #runs = new Map<string, StoredEntry>()
  readonly #sessions = new Map<string, PastSession>()
  readonly #histories: PastHistories
  /** Sessions by run, as long as it lives: what one of them brought, another may refer to. */
  readonly #ofRun = new Map<string, string[]>()

  /** @param histories see what runs said again and again, and forget it with the run */
  constructor(histories: PastHistories) {
    this.#histories = histories
  }

  /** Must see every entry that is followed. @param configuration in force at that place */
  see(entry: StoredEntry, configuration: PastConfiguration | undefined): void {
    const { kind, fields } = entry
    if (kind === 'run.start') this.#runs.set(String(fields.run), entry)
    else if (kind === 'run.end') this.#end(String(fields.run))
    else if (kind === 'session.close') this.#sessions.delete(String(fields.session))
    else if (kind === 'session.open') this.#open(entry, configuration)
    else if (kind === 'operation.intent') this.#intent(entry)
  }

  of(id: string): PastSession | undefined {
    return this.#sessions.get(id)
  }

  #end(run: string): void {
    this.#runs.delete(run)
    for (const session of this.#ofRun.get(run) ?? []) this.#histories.forget(session)
    this.#ofRun.delete(run)
  }

  #open(entry: StoredEntry, configuration: PastConfiguration | undefined): void {
    const { session, run, resource, policy, effect, who, breakGlass } = entry.fields
    const kind = who !== null && typeof who === 'object' && 'kind' in who && who.kind === 'person' ? 'person' : 'job'
    this.#sessions.set(String(session), {
      ...{ id: String(session), runId: String(run) as RunId, kind, configuration },
      ...{ resource: String(resource), policy: String(policy), effect: effect === 'deny' ? 'deny' : 'allow' },
      isUnderBreakGlass: breakGlass !== undefined,
      ...{ openedAt: Date.parse(entry.at), opened: entry, started: this.#runs.get(String(run)) },
      ...{ decisions: new Window(REMEMBERED), facts: new Window(REMEMBERED), statements: new Window(REMEMBERED) },
    })
  }

  #intent(entry: StoredEntry): void {
    const { index, fields, commitments } = entry
    const session = this.#sessions.get(String(fields.session))
    if (session === undefined) return
    if (this.#histories.see(entry)) {
      const sessions = this.#ofRun.get(session.runId) ?? []
      if (sessions.at(-1) !== session.id) this.#ofRun.set(session.runId, [...sessions.filter((each) => each !== session.id), session.id])
    }
    for (const [reference, effect, rules, policy, facts] of (fields as unknown as IntentFields).decisions ?? []) {
      session.decisions.set(reference, { effect, rules, policy, facts })
    }
    for (const name of Object.keys(commitments)) {
      const [, what, number] = /^(facts|statement)\.(\d{1,15})$/.exec(name) ?? []
      if (what !== undefined) (what === 'facts' ? session.facts : session.statements).set(Number(number), index)
    }
  }
}
