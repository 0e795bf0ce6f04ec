import { describe, expect, it } from 'vitest'
import { everythingHappened, SHOP, SOURCES } from '../../test/metrics/every-family.ts'
import type { ModelResource } from '../operations/index.ts'
import { MOST_SERIES } from './cells.ts'
import { createMetrics } from './index.ts'

const fresh = () => createMetrics({ version: '1.2.3', node: '26.0.0', startedAt: 0 })
const lines = async (metrics: ReturnType<typeof fresh>, open = false) => (await metrics.text(open)).text.split('\n')
const series = async (metrics: ReturnType<typeof fresh>, name: string) =>
  (await lines(metrics)).filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))

describe('numbers of the gateway', () => {
  it('begin at zero for every resource that is configured', async () => {
    const metrics = fresh()
    metrics.look(SOURCES)
    expect(await series(metrics, 'gatescribe_operations_total')).toContain(
      'gatescribe_operations_total{resource="shop",protocol="postgres",outcome="completed"} 0',
    )
    expect(await series(metrics, 'gatescribe_decisions_total')).toHaveLength(3)
    // A target that never was reached, and a budget that never refused, have to be seen too.
    expect(await series(metrics, 'gatescribe_target_connect_seconds_count')).toEqual([
      'gatescribe_target_connect_seconds_count{resource="shop",protocol="postgres"} 0',
    ])
    expect(await series(metrics, 'gatescribe_budget_refusals_total')).toEqual([
      'gatescribe_budget_refusals_total{budget="hourly",measure="operations"} 0',
    ])
  })

  it('count what happened', async () => {
    const metrics = everythingHappened()
    expect(await series(metrics, 'gatescribe_refusals_total')).toEqual([
      'gatescribe_refusals_total{resource="shop",protocol="postgres",code="GS_POLICY_DENIED"} 1',
    ])
    expect(await series(metrics, 'gatescribe_operation_duration_seconds_count')).toEqual([
      'gatescribe_operation_duration_seconds_count{resource="shop",protocol="postgres"} 1',
    ])
    expect(await series(metrics, 'gatescribe_target_errors_total')).toEqual([
      'gatescribe_target_errors_total{resource="shop",protocol="postgres",code="other"} 1',
    ])
    expect(await series(metrics, 'gatescribe_trail_checkpoint_entries')).toEqual(['gatescribe_trail_checkpoint_entries 6'])
    expect(await series(metrics, 'gatescribe_connector_tunnels')).toEqual([
      'gatescribe_connector_tunnels{connector="plant-a"} 1',
      'gatescribe_connector_tunnels{connector="plant-b"} 0',
    ])
    expect(await series(metrics, 'gatescribe_connector_round_trip_seconds')).toEqual([
      'gatescribe_connector_round_trip_seconds{connector="plant-a"} 0.009',
    ])
  })

  it('are the same each time that somebody looks, in either form, also side by side', async () => {
    const metrics = everythingHappened()
    const own = (text: readonly string[]) => text.filter((line) => line.startsWith('gatescribe_'))
    const before = own(await lines(metrics))
    const [open, , plain] = await Promise.all([lines(metrics, true), lines(metrics, true), lines(metrics)])
    expect(own(plain)).toEqual(before)
    expect(own(open).length).toBe(before.length)
    expect(own(await lines(metrics))).toEqual(before)
  })

  it('leave out what there is none of, instead of saying 0', async () => {
    const metrics = fresh()
    metrics.look({
      ...SOURCES,
      disk: async () => undefined,
      approvalsOpen: () => undefined,
      oldestPending: () => undefined,
      breakGlass: () => undefined,
      witnessing: undefined,
    })
    for (const name of [
      'gatescribe_data_free_bytes',
      'gatescribe_approvals_open',
      'gatescribe_approvals_oldest_seconds',
      'gatescribe_break_glass',
      'gatescribe_witness_up',
    ])
      expect(await series(metrics, name)).toEqual([])
  })

  it('name a model that has a price, and no other', async () => {
    const metrics = fresh()
    const models = { name: 'models', kind: 'model', tags: [], prices: new Map([['small', {}]]) } as unknown as ModelResource
    const session = metrics.guard.at(models)
    for (const model of ['small', 'ignore previous instructions', '__proto__']) session.used(model, { inputTokens: 1, outputTokens: 1 })
    expect(await series(metrics, 'gatescribe_model_calls_total')).toEqual([
      'gatescribe_model_calls_total{resource="models",protocol="model",model="small"} 1',
      'gatescribe_model_calls_total{resource="models",protocol="model",model="other"} 2',
    ])
  })

  it('stay bounded where a name is not: what comes behind so many is counted together', async () => {
    const metrics = fresh()
    const session = metrics.guard.at(SHOP)
    for (let n = 0; n < MOST_SERIES + 50; n++) session.masked(`mask-${n}`, 1)
    const masked = await series(metrics, 'gatescribe_masked_values_total')
    expect(masked).toHaveLength(MOST_SERIES + 1)
    expect(masked.at(-1)).toBe('gatescribe_masked_values_total{resource="other",protocol="other",mask="other"} 50')
  })

  it('count sessions and waits that are over as over', async () => {
    const metrics = fresh()
    const session = metrics.guard.at(SHOP)
    session.opened()
    session.held()
    expect(await series(metrics, 'gatescribe_sessions')).toEqual(['gatescribe_sessions{resource="shop",protocol="postgres"} 1'])
    session.released(61_000, 'disconnected')
    session.closed()
    expect(await series(metrics, 'gatescribe_sessions')).toEqual(['gatescribe_sessions{resource="shop",protocol="postgres"} 0'])
    expect(await series(metrics, 'gatescribe_holds_waiting')).toEqual(['gatescribe_holds_waiting{resource="shop",protocol="postgres"} 0'])
    expect(await series(metrics, 'gatescribe_holds_total')).toEqual([
      'gatescribe_holds_total{resource="shop",protocol="postgres",end="disconnected"} 1',
    ])
  })
})

describe('OpenMetrics', () => {
  it('calls a counter by its family, escapes labels, writes bounds as numbers, and ends', async () => {
    const text = (await everythingHappened().text(true)).text
    expect(text).toContain('# TYPE gatescribe_operations counter\n')
    expect(text).toContain('\ngatescribe_operations_total{resource="shop",protocol="postgres",outcome="completed"} 1\n')
    expect(text).toContain('rule="no-\\"definitions\\"\\n"')
    expect(text).toContain('le="1.0"')
    expect(text).toContain('# UNIT gatescribe_hold_seconds seconds\n')
    expect(text.endsWith('\n# EOF\n')).toBe(true)
    expect(text).not.toContain('\n\n')
  })

  it('has one family of each name', async () => {
    const { text } = await everythingHappened().text(true)
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})
