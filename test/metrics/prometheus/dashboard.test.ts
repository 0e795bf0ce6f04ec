import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type RunningPrometheus, startPrometheus } from '../../parts/prometheus.ts'
import { found, needs } from '../../parts/require.ts'
import { type BusyOffice, DONE, openBusyOffice } from '../busy-office.ts'
import { everythingHappened, seriesNames } from '../every-family.ts'
import {
  alertExpressions,
  DASHBOARD_FILE,
  dashboardExpressions,
  type Expression,
  RULES_FILE,
  SCRAPE_FILE,
  unknownNames,
} from '../expressions.ts'

const here = found('prometheus')
const PROMETHEUS = 'prometheus (Debian: prometheus)'

/** What there is none of in this office: no witness, mask, connector that is up, or target that fails. */
const NOTHING_OF: readonly RegExp[] = [/gatescribe_witness_/, /gatescribe_masked_values_total/, /gatescribe_connector_round_trip/]
const MAY_BE_NONE: readonly RegExp[] = [
  ...NOTHING_OF,
  /gatescribe_target_errors_total/,
  /gatescribe_sessions_refused_total/,
  /gatescribe_budget_refusals_total/,
]

let busy: BusyOffice
let prometheus: RunningPrometheus
let known: ReadonlySet<string>

beforeAll(async () => {
  if (here === undefined) return
  known = await seriesNames(everythingHappened())
  busy = await openBusyOffice((config) => {
    Object.assign(config.gateway.listen as object, { connectors: '127.0.0.1:0' })
    const nobody = { url: 'http://127.0.0.1:1/', insecureLoopback: true }
    Object.assign(config, {
      connectors: [{ name: 'plant-a' }],
      exports: [{ name: 'siem', kind: 'webhook', secret: 'env:OKTA_SECRET', ...nobody }],
      metrics: { otlp: { ...nobody, every: '1s' } },
    })
  })
  const { scrape_configs: scrapes } = parse(readFileSync(SCRAPE_FILE, 'utf8')) as { scrape_configs: object[] }
  prometheus = await startPrometheus({
    scrape_configs: scrapes.map((scrape) => ({ ...scrape, static_configs: [{ targets: [busy.metrics] }] })),
    rule_files: [RULES_FILE],
  })
  // A rate needs a zero to begin at.
  await until('sum(gatescribe_operations_total{resource="shop"})', 0)
  await busy.work()
  await until(COMPLETED, DONE.allowed + DONE.approved)
  // Rates have something to compare with, and the second push has failed.
  await sleep(2_500)
})
afterAll(async () => {
  await prometheus?.stop()
  await busy?.close()
})

const COMPLETED = 'sum(gatescribe_operations_total{job="gatescribe",resource="shop",outcome="completed"})'

async function until(expression: string, expected: number): Promise<void> {
  for (const giveUp = performance.now() + 15_000; (await value(expression)) !== expected; await sleep(100))
    if (performance.now() > giveUp) throw new Error(`${expression} is ${await value(expression)}, and not ${expected}`)
}

async function value(expression: string): Promise<number | undefined> {
  return (await prometheus.query(expression))[0]?.value
}

/** What is wrong with what somebody asks of this house, one sentence each. */
async function faults(expressions: readonly Expression[], mayBeEmpty: (text: string) => boolean): Promise<readonly string[]> {
  const found: string[] = []
  for (const expression of expressions) {
    const { of, text } = expression
    const unknown = unknownNames(expression, known)
    if (unknown.length > 0) found.push(`${of}: there is no ${unknown.join(', ')}`)
    try {
      const series = await prometheus.query(text)
      if (series.length === 0 && !mayBeEmpty(text)) found.push(`${of}: nothing comes of ${text}`)
    } catch (error) {
      found.push(`${of}: ${(error as Error).message}`)
    }
  }
  return found
}

const mayBeNone = (text: string) => MAY_BE_NONE.some((each) => each.test(text))

describe('a real Prometheus', () => {
  it.for([
    ['statements that were allowed', 'sum(gatescribe_decisions_total{resource="shop",effect="allow"})', DONE.allowed],
    ['that a rule denied', 'sum(gatescribe_rule_decisions_total{effect="deny",rule="no-definitions"})', DONE.denied],
    ['that were refused', 'sum(gatescribe_operations_total{resource="shop",outcome="refused"})', DONE.denied],
    ['by code', 'sum(gatescribe_refusals_total{code="GS_POLICY_DENIED"})', DONE.denied],
    ['of which a person was asked', 'sum(gatescribe_decisions_total{resource="shop",effect="ask"})', DONE.approved],
    ['and said yes', 'sum(gatescribe_holds_total{end="approved"})', DONE.approved],
    ['nobody waits', 'sum(gatescribe_holds_waiting)', 0],
    ['durations', 'sum(gatescribe_operation_duration_seconds_count{resource="shop"})', DONE.allowed + DONE.approved],
    [
      'decisions that were timed',
      'sum(gatescribe_added_seconds_count{resource="shop",step="admit"})',
      DONE.allowed + DONE.denied + DONE.approved,
    ],
    ['calls of models', 'sum(gatescribe_model_calls_total)', DONE.calls],
    ['tokens of the one with a price', 'sum(gatescribe_model_tokens_total{model="gpt-4o-mini",kind="input"})', DONE.inputTokens],
    ['of the other, under no name of its client', 'sum(gatescribe_model_tokens_total{model="other",kind="output"})', DONE.outputTokens],
    ['what it cost', 'sum(gatescribe_model_cost_total{currency="USD"})', 0.004],
    ['wrong passwords', 'sum(gatescribe_signin_refusals_total{door="postgres"})', DONE.wrongPasswords],
    ['a budget that warned', 'sum(gatescribe_budget_warnings_total{budget="hourly"})', 1],
    ['a connector that nobody is', 'gatescribe_connector_tunnels{connector="plant-a"}', 0],
    ['the trail', 'gatescribe_trail_state{state="open"}', 1],
    ['readiness', 'gatescribe_ready', 1],
    ['which version', 'count(gatescribe_build_info)', 1],
  ] as const)('is told of %s', async ([, expression, expected], test) => {
    needs(test, here, PROMETHEUS)
    expect(await value(expression)).toBeCloseTo(expected, 6)
  })

  it('counts in the trail what the trail holds', async (test) => {
    needs(test, here, PROMETHEUS)
    const { size } = (await busy.office.shop.gateway.operator.status()).log
    await expect.poll(() => value('gatescribe_trail_published_entries'), { timeout: 5_000 }).toBeGreaterThanOrEqual(size)
    await expect
      .poll(() => value('sum(gatescribe_trail_entries_total) == bool sum(gatescribe_trail_written_entries_total)'), { timeout: 5_000 })
      .toBe(1)
  })

  it('is asked every query of the dashboard, and answers with numbers', async (test) => {
    needs(test, here, PROMETHEUS)
    const expressions = dashboardExpressions()
    expect(expressions.length).toBeGreaterThan(60)
    expect(await faults(expressions, mayBeNone)).toEqual([])
  })

  it('takes every alert, and none of them fails', async (test) => {
    needs(test, here, PROMETHEUS)
    expect(await faults(alertExpressions(), () => true)).toEqual([])
    const { groups } = (await prometheus.api('/api/v1/rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string; state: string }[] }[]
    }
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
    const raised = rules.filter(({ state }) => state !== 'inactive').map(({ name }) => name)
    expect(raised).toContain('GatescribeConnectorAbsent')
    expect(raised).not.toContain('GatescribeTrailNotWritten')
  })

  it('finds a query of a number that there is not', async (test) => {
    needs(test, here, PROMETHEUS)
    const planted = readFileSync(DASHBOARD_FILE, 'utf8').replace('(rate(gatescribe_operations_total{', '(rate(gatescribe_operation_total{')
    const found = await faults(dashboardExpressions(planted), mayBeNone)
    expect(found).toEqual([
      'Operations: there is no gatescribe_operation_total',
      expect.stringMatching(/^Operations: nothing comes of sum by \(outcome\)/),
    ])
  })
})
