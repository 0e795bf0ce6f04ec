import type { Registry } from 'prom-client'
import type { BudgetMeter } from '../runs/index.ts'
import type { EntryKind, TrailMeter } from '../trail/index.ts'
import type { Tally } from './cells.ts'
import { counts, SHORT, timings } from './families.ts'

/** Of these there are zeros from the start on: somebody wants to be told of the first. */
const WATCHED: readonly EntryKind[] = [
  ...(['breakglass.opened', 'clock.step', 'config.refused', 'credential.foreign', 'credential.leaked', 'egress.refused', 'gap'] as const),
  ...(['gateway.recovered', 'key.changed', 'person.revoked', 'run.revoked', 'run.suspended', 'secret.changed', 'tools.changed'] as const),
]

/** Batches of the trail as they become durable. */
export function trailMeter(registry: Registry): TrailMeter {
  const entries = counts(registry, {
    name: 'gatescribe_trail_entries_total',
    help: 'Entries that were put into the trail since the start, by kind.',
    labels: ['kind'],
  })
  const byKind = new Map<EntryKind, Tally>(WATCHED.map((kind) => [kind, entries.at(kind)]))
  const bytes = counts(registry, { name: 'gatescribe_trail_bytes_total', help: 'Bytes written to the trail since the start.' }).at()
  const append = timings(
    registry,
    { name: 'gatescribe_trail_append_seconds', help: 'From staging the first entry of a batch until the batch is durable.' },
    SHORT,
  ).at()
  const write = timings(registry, { name: 'gatescribe_trail_write_seconds', help: 'The durable write of a batch alone.' }, SHORT).at()
  const batched = counts(registry, {
    name: 'gatescribe_trail_written_entries_total',
    help: 'Entries that became durable since the start.',
  }).at()
  return {
    staged(kind) {
      let tally = byKind.get(kind)
      if (tally === undefined) {
        tally = entries.at(kind)
        byKind.set(kind, tally)
      }
      tally.value++
    },
    wrote(count, size, waited, wrote) {
      batched.value += count
      bytes.value += size
      append.observe(waited)
      write.observe(wrote)
    },
  }
}

/** What budgets say. */
export interface CountedBudgets extends BudgetMeter {
  /** There is such a limit: its series begin. */
  begin(budget: string, measure: string): void
}

export function budgetMeter(registry: Registry): CountedBudgets {
  const labels = ['budget', 'measure']
  const warnings = counts(registry, {
    name: 'gatescribe_budget_warnings_total',
    help: 'How often the share of a limit was reached at which the trail warns.',
    labels,
  })
  const refusals = counts(registry, { name: 'gatescribe_budget_refusals_total', help: 'What a budget had no room for.', labels })
  return {
    warned: (budget, measure) => void warnings.at(budget, measure).value++,
    refused: (budget, measure) => void refusals.at(budget, measure).value++,
    begin(budget, measure) {
      warnings.at(budget, measure)
      refusals.at(budget, measure)
    },
  }
}

/** Who was not let in, and which files were not taken. */
export interface GatewayMeter {
  /** @param code of the refusal, one of ours */
  signinRefused(door: string, code: string): void
  reloaded(taken: boolean): void
}

export function gatewayMeter(registry: Registry): GatewayMeter {
  const signins = counts(registry, {
    name: 'gatescribe_signin_refusals_total',
    help: 'Tokens, passwords and people that were not let in, by door and code.',
    labels: ['door', 'code'],
  })
  const reloads = counts(registry, {
    name: 'gatescribe_config_reloads_total',
    help: 'Configurations that were read again, by whether they were taken.',
    labels: ['result'],
  })
  const taken = { true: reloads.at('taken'), false: reloads.at('refused') }
  return {
    signinRefused: (door, code) => void signins.at(door, code).value++,
    reloaded: (was) => void taken[`${was}`].value++,
  }
}
