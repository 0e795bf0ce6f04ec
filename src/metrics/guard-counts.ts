import type { Registry } from 'prom-client'
import type { GuardMeter, HoldEnd, SessionMeter } from '../guard/index.ts'
import {
  CodedError,
  type Decision,
  type ModelResource,
  type Outcome,
  Refusal,
  type RefusalCode,
  type Resource,
  type Usage,
} from '../operations/index.ts'
import type { Series, Tally, Timing } from './cells.ts'
import { counts, gauge, PATIENT, SHORT, timings, USUAL } from './families.ts'

const AT = ['resource', 'protocol'] as const
const STATUSES: readonly Outcome['status'][] = ['completed', 'failed', 'refused', 'skipped', 'cancelled', 'aborted', 'unknown']
const EFFECTS: readonly Decision['effect'][] = ['allow', 'ask', 'deny']
const NO_RULE = ''
const OTHER_MODEL = 'other'

/** What becomes of operations, per resource. */
export class GuardCounts implements GuardMeter {
  readonly #families: Families
  #resources: () => Iterable<Resource> = () => []
  readonly #byResource = new Map<string, ResourceCounts>()

  constructor(registry: Registry) {
    this.#families = families(registry)
    const live = (of: 'sessions' | 'holds') => () => {
      this.#begin()
      return [...this.#byResource.values()].map((each) => [each.at, each[of]] as const)
    }
    gauge(registry, { name: 'gatescribe_sessions', help: 'Sessions that are open.', labels: AT }, live('sessions'))
    gauge(registry, { name: 'gatescribe_holds_waiting', help: 'Connections that wait for a person.', labels: AT }, live('holds'))
  }

  /** From now on these have series too, and those that come with a reload. @param resources as configured now */
  expect(resources: () => Iterable<Resource>): void {
    this.#resources = resources
    this.#begin()
  }

  #begin(): void {
    for (const resource of this.#resources()) this.at(resource)
  }

  at(resource: Resource): SessionMeter {
    const known = this.#byResource.get(resource.name)
    // A reload may have made another resource of the name.
    const counts = known?.resource.kind === resource.kind ? known : new ResourceCounts(this.#families, resource)
    counts.resource = resource
    if (counts !== known) this.#byResource.set(resource.name, counts)
    return counts
  }
}

interface Families {
  readonly operations: Series<Tally>
  readonly durations: Series<Timing>
  readonly added: Series<Timing>
  readonly decisions: Series<Tally>
  readonly rules: Series<Tally>
  readonly refusals: Series<Tally>
  readonly rows: Series<Tally>
  readonly bytes: Series<Tally>
  readonly masked: Series<Tally>
  readonly opened: Series<Tally>
  readonly notOpened: Series<Tally>
  readonly tokens: Series<Tally>
  readonly calls: Series<Tally>
  readonly cost: Series<Tally>
  readonly connects: Series<Timing>
  readonly targetErrors: Series<Tally>
  readonly holds: Series<Tally>
  readonly held: Series<Timing>
}

function families(registry: Registry): Families {
  const count = (name: string, help: string, ...labels: string[]) => counts(registry, { name, help, labels: [...AT, ...labels] })
  const time = (name: string, help: string, bounds: readonly number[], ...labels: string[]) =>
    timings(registry, { name, help, labels: [...AT, ...labels] }, bounds)
  return {
    operations: count('gatescribe_operations_total', 'Operations by how they ended.', 'outcome'),
    durations: time('gatescribe_operation_duration_seconds', 'From the admission of an operation to its outcome.', USUAL),
    added: time(
      'gatescribe_added_seconds',
      'What the gateway adds to an operation: deciding it, and waiting until its intent is durable.',
      SHORT,
      'step',
    ),
    decisions: count('gatescribe_decisions_total', 'What the rules said of operations.', 'effect'),
    rules: count(
      'gatescribe_rule_decisions_total',
      'Denials and requests for approval by the rule that spoke; empty where none did.',
      'effect',
      'rule',
    ),
    refusals: count('gatescribe_refusals_total', 'Operations that were refused, by code.', 'code'),
    rows: count('gatescribe_rows_total', 'Rows that were passed on.'),
    bytes: count('gatescribe_bytes_total', 'Bytes of results that were passed on.'),
    masked: count('gatescribe_masked_values_total', 'Values that were masked, by mask.', 'mask'),
    opened: count('gatescribe_sessions_opened_total', 'Sessions that were opened.'),
    notOpened: count('gatescribe_sessions_refused_total', 'Sessions that were refused, by code.', 'code'),
    tokens: count(
      'gatescribe_model_tokens_total',
      'Tokens of models, as their providers say; a model without a price is "other".',
      'model',
      'kind',
    ),
    calls: count('gatescribe_model_calls_total', 'Calls of models of which it is known what they used.', 'model'),
    cost: count('gatescribe_model_cost_total', 'What calls of models cost, in units of the currency.', 'model', 'currency'),
    connects: time('gatescribe_target_connect_seconds', 'What it took to connect and log in at a target.', USUAL),
    targetErrors: count('gatescribe_target_errors_total', 'Targets that could not be reached, trusted or logged in at, by code.', 'code'),
    holds: count('gatescribe_holds_total', 'Waits for a person, by how they ended.', 'end'),
    held: time('gatescribe_hold_seconds', 'How long connections waited for a person.', PATIENT),
  }
}

/** Everything that the path of an operation touches is looked up once. */
class ResourceCounts implements SessionMeter {
  resource: Resource
  readonly at: readonly [resource: string, protocol: string]
  sessions = 0
  holds = 0
  readonly #families: Families
  readonly #outcomes: Readonly<Record<Outcome['status'], Tally>>
  readonly #effects: Readonly<Record<Decision['effect'], Tally>>
  readonly #durations: Timing
  readonly #deciding: Timing
  readonly #admitting: Timing
  readonly #rows: Tally
  readonly #bytes: Tally
  readonly #opened: Tally

  constructor(families: Families, resource: Resource) {
    this.#families = families
    this.resource = resource
    const at = [resource.name, resource.kind] as const
    this.at = at
    // All are there from the first session on: a rate needs a zero to begin at.
    this.#outcomes = byName(STATUSES, (status) => families.operations.at(...at, status))
    this.#effects = byName(EFFECTS, (effect) => families.decisions.at(...at, effect))
    this.#durations = families.durations.at(...at)
    this.#deciding = families.added.at(...at, 'decide')
    this.#admitting = families.added.at(...at, 'admit')
    this.#rows = families.rows.at(...at)
    this.#bytes = families.bytes.at(...at)
    this.#opened = families.opened.at(...at)
    families.connects.at(...at)
  }

  opened(): void {
    this.sessions++
    this.#opened.value++
  }

  refused(code: RefusalCode): void {
    this.#families.notOpened.at(...this.at, code).value++
  }

  closed(): void {
    this.sessions--
  }

  decided(ms: number): void {
    this.#deciding.observe(ms)
  }

  admitted(ms: number): void {
    this.#admitting.observe(ms)
  }

  answered({ effect, rules }: Decision, refusal: Refusal | undefined): void {
    this.#effects[effect].value++
    if (effect !== 'allow')
      for (const rule of rules.length === 0 ? [NO_RULE] : rules) this.#families.rules.at(...this.at, effect, rule).value++
    if (refusal !== undefined) this.#families.refusals.at(...this.at, refusal.code).value++
  }

  settled({ status, rows, bytes }: Outcome, microseconds: number): void {
    this.#outcomes[status].value++
    if (status === 'refused') return
    this.#durations.observe(microseconds / 1_000)
    this.#rows.value += rows
    this.#bytes.value += bytes
  }

  masked(mask: string, count: number): void {
    this.#families.masked.at(...this.at, mask).value += count
  }

  used(model: string, { inputTokens, outputTokens, cachedTokens = 0, money }: Usage): void {
    const { prices } = this.resource as Partial<ModelResource>
    // A client may name whatever it likes.
    const of = [...this.at, prices?.has(model) ? model : OTHER_MODEL] as const
    const { calls, tokens, cost } = this.#families
    calls.at(...of).value++
    tokens.at(...of, 'input').value += inputTokens
    tokens.at(...of, 'output').value += outputTokens
    tokens.at(...of, 'cached').value += cachedTokens
    if (money) cost.at(...of, money.currency).value += money.micros / 1_000_000
  }

  connected(ms: number, error: unknown): void {
    if (error === undefined) this.#families.connects.at(...this.at).observe(ms)
    else this.#families.targetErrors.at(...this.at, error instanceof CodedError ? error.code : 'other').value++
  }

  held(): void {
    this.holds++
  }

  released(ms: number, end: HoldEnd): void {
    this.holds--
    this.#families.holds.at(...this.at, endOf(end)).value++
    this.#families.held.at(...this.at).observe(ms)
  }
}

function endOf(end: HoldEnd): string {
  if (typeof end === 'string') return end
  if (!(end instanceof Refusal)) return 'approved'
  switch (end.code) {
    case 'GS_APPROVAL_DENIED':
      return 'denied'
    case 'GS_APPROVAL_EXPIRED':
      return 'expired'
    case 'GS_APPROVAL_WITHDRAWN':
      return 'withdrawn'
    default:
      return 'ended'
  }
}

function byName<Name extends string, Value>(names: readonly Name[], make: (name: Name) => Value): Readonly<Record<Name, Value>> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, Value>
}
