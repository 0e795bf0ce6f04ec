import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { found, needs } from '../../parts/require.ts'
import { alerts, RULES_FILE, SCRAPE_FILE } from '../expressions.ts'

const PROMTOOL = 'promtool (Debian: prometheus)'
const I = 'instance="gw:9464",job="gatescribe"'

/** Series in promtool's notation, one value a minute, under which the alert fires at the 15th minute at the latest, or at another. */
interface Case {
  readonly series: Readonly<Record<string, string>>
  readonly at?: string
}

const over = (name: string, labels: string, values: string) => ({ [`${name}{${I}${labels && `,${labels}`}}`]: values })

const FIRES: Readonly<Record<string, Case>> = {
  GatescribeDown: { series: over('up', '', '0x90') },
  GatescribeNotReady: { series: over('gatescribe_ready', '', '0x90') },
  GatescribeCertificateExpires: {
    series: over('gatescribe_certificate_expiry_timestamp_seconds', 'certificate="doors"', '864000x90'),
    at: '75m',
  },
  GatescribeConfigRefused: { series: over('gatescribe_config_reloads_total', 'result="refused"', '0 0 1x90') },
  GatescribeEventLoopBusy: { series: over('nodejs_eventloop_lag_p99_seconds', '', '0.8x90') },
  GatescribeFileDescriptors: { series: { ...over('process_open_fds', '', '950x90'), ...over('process_max_fds', '', '1000x90') } },
  GatescribeMetricsPushFails: {
    series: {
      ...over('gatescribe_metrics_pushed_timestamp_seconds', '', '0x90'),
      ...over('gatescribe_metrics_push_interval_seconds', '', '15x90'),
    },
  },
  GatescribeTrailNotWritten: { series: over('gatescribe_trail_state', 'state="full"', '1x90') },
  GatescribeDiskNearlyFull: { series: { ...over('gatescribe_data_free_bytes', '', '1000000x90') } },
  GatescribeDiskFillsUp: {
    series: { ...over('gatescribe_data_free_bytes', '', '2e10-1e8x90'), ...over('gatescribe_data_size_bytes', '', '1e11x90') },
    at: '60m',
  },
  GatescribeCheckpointLate: { series: over('gatescribe_trail_checkpoint_age_seconds', '', '30x90') },
  GatescribeNothingSigned: { series: over('gatescribe_witness_compared', '', '0x90') },
  GatescribeUnwitnessed: { series: over('gatescribe_witness_age_seconds', '', '400x90') },
  GatescribeWitnessDown: { series: over('gatescribe_witness_up', 'witness="w1"', '0x90') },
  GatescribeTrailSlow: {
    series: {
      ...over('gatescribe_trail_append_seconds_bucket', 'le="0.1"', '0+0x90'),
      ...over('gatescribe_trail_append_seconds_bucket', 'le="0.25"', '0+100x90'),
      ...over('gatescribe_trail_append_seconds_bucket', 'le="+Inf"', '0+100x90'),
    },
    at: '20m',
  },
  GatescribeRecordingIncomplete: { series: over('gatescribe_recording_segments_missing_total', '', '0 0 1x90') },
  GatescribeRecordingLags: { series: over('gatescribe_recording_lag_seconds', '', '20x90') },
  GatescribeSearchLags: { series: over('gatescribe_search_lag_entries', '', '200000x90'), at: '20m' },
  GatescribeExportStuck: { series: over('gatescribe_export_state', 'export="siem",state="stuck"', '1x90') },
  GatescribeExportLags: { series: over('gatescribe_export_lag_seconds', 'export="siem"', '1200x90') },
  GatescribeConnectorAbsent: { series: over('gatescribe_connector_tunnels', 'connector="plant-a"', '0x90') },
  GatescribeTargetUnreachable: {
    series: {
      ...over('gatescribe_target_errors_total', 'resource="shop",code="GS_CREDENTIALS_UNREACHABLE"', '0+10x90'),
      ...over('gatescribe_target_connect_seconds_count', 'resource="shop"', '5x90'),
    },
  },
  GatescribeOperationsCut: {
    series: {
      ...over('gatescribe_operations_total', 'resource="shop",outcome="aborted"', '0+10x90'),
      ...over('gatescribe_operations_total', 'resource="shop",outcome="completed"', '0+90x90'),
    },
    at: '20m',
  },
  GatescribeBreakGlassOpen: { series: over('gatescribe_break_glass', 'state="open"', '1x90') },
  GatescribeCredentialSeen: { series: over('gatescribe_trail_entries_total', 'kind="credential.leaked"', '0 0 0 0 0 0 0 0 0 0 0 0 1x90') },
  GatescribeToolChanged: { series: over('gatescribe_trail_entries_total', 'kind="tools.changed"', '0 0 0 0 0 0 0 0 0 0 0 0 1x90') },
  GatescribeApprovalsUnanswered: { series: over('gatescribe_approvals_oldest_seconds', '', '3000+60x90') },
  GatescribeRefusalsSurge: {
    series: {
      ...over('gatescribe_operations_total', 'resource="shop",outcome="refused"', '0+120x90'),
      ...over('gatescribe_operations_total', 'resource="shop",outcome="completed"', '0+60x90'),
    },
    at: '20m',
  },
  GatescribeSigninRefusalsSurge: {
    series: over('gatescribe_signin_refusals_total', 'door="token",code="GS_IDENTITY_TOKEN"', '0+120x90'),
  },
  GatescribeBudgetUsedUp: { series: over('gatescribe_budget_refusals_total', 'budget="hourly",measure="operations"', '0 0 0 1x90') },
}

/** A busy day on which nobody should be woken. */
const HEALTHY: Readonly<Record<string, string>> = {
  ...over('up', '', '1x90'),
  ...over('gatescribe_ready', '', '1x90'),
  ...over('gatescribe_certificate_expiry_timestamp_seconds', 'certificate="doors"', '5184000x90'),
  ...over('gatescribe_config_reloads_total', 'result="refused"', '3x90'),
  ...over('gatescribe_config_reloads_total', 'result="taken"', '0+1x90'),
  ...over('nodejs_eventloop_lag_p99_seconds', '', '0.02x90'),
  ...over('process_open_fds', '', '300x90'),
  ...over('process_max_fds', '', '1000x90'),
  ...over('gatescribe_metrics_pushed_timestamp_seconds', '', '0+60x90'),
  ...over('gatescribe_metrics_push_interval_seconds', '', '15x90'),
  ...over('gatescribe_trail_state', 'state="open"', '1x90'),
  ...over('gatescribe_trail_state', 'state="full"', '0x90'),
  ...over('gatescribe_data_free_bytes', '', '9e10-1e6x90'),
  ...over('gatescribe_data_size_bytes', '', '1e11x90'),
  ...over('gatescribe_trail_checkpoint_age_seconds', '', '1x90'),
  ...over('gatescribe_witness_compared', '', '1x90'),
  ...over('gatescribe_witness_age_seconds', '', '8x90'),
  ...over('gatescribe_witness_up', 'witness="w1"', '1x90'),
  ...over('gatescribe_trail_append_seconds_bucket', 'le="0.001"', '0+100x90'),
  ...over('gatescribe_trail_append_seconds_bucket', 'le="+Inf"', '0+100x90'),
  ...over('gatescribe_recording_segments_missing_total', '', '2x90'),
  ...over('gatescribe_recording_lag_seconds', '', '0.3x90'),
  ...over('gatescribe_search_lag_entries', '', '400x90'),
  ...over('gatescribe_export_state', 'export="siem",state="stuck"', '0x90'),
  ...over('gatescribe_export_lag_seconds', 'export="siem"', '2x90'),
  ...over('gatescribe_connector_tunnels', 'connector="plant-a"', '2x90'),
  ...over('gatescribe_target_errors_total', 'resource="shop",code="GS_CREDENTIALS_UNREACHABLE"', '0+1x90'),
  ...over('gatescribe_target_connect_seconds_count', 'resource="shop"', '0+50x90'),
  ...over('gatescribe_operations_total', 'resource="shop",outcome="refused"', '0+50x90'),
  ...over('gatescribe_operations_total', 'resource="shop",outcome="completed"', '0+6000x90'),
  ...over('gatescribe_operations_total', 'resource="shop",outcome="aborted"', '0+6x90'),
  ...over('gatescribe_break_glass', 'state="open"', '0x90'),
  ...over('gatescribe_trail_entries_total', 'kind="credential.leaked"', '1x90'),
  ...over('gatescribe_trail_entries_total', 'kind="tools.changed"', '1x90'),
  ...over('gatescribe_approvals_open', '', '3x90'),
  ...over('gatescribe_approvals_oldest_seconds', '', '120x90'),
  ...over('gatescribe_signin_refusals_total', 'door="token",code="GS_IDENTITY_TOKEN"', '0+5x90'),
  ...over('gatescribe_budget_refusals_total', 'budget="hourly",measure="operations"', '4x90'),
}

const FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'

function promtool(tests: readonly object[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-alerts-'))
  try {
    const file = join(folder, 'alerts.yaml')
    writeFileSync(file, stringify({ rule_files: [RULES_FILE], evaluation_interval: '1m', tests }))
    execFileSync('promtool', ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    throw new Error((error as { stdout?: string; stderr?: string }).stderr ?? String(error))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const inputSeries = (series: Readonly<Record<string, string>>) => Object.entries(series).map(([name, values]) => ({ series: name, values }))

it('is a set of rules and a configuration that Prometheus takes', (test) => {
  needs(test, found('promtool'), PROMTOOL)
  execFileSync('promtool', ['check', 'rules', RULES_FILE], { stdio: 'pipe' })
  execFileSync('promtool', ['check', 'config', SCRAPE_FILE], { stdio: 'pipe' })
})

it('fires, each by what it is for and by nothing else of that', (test) => {
  needs(test, found('promtool'), PROMTOOL)
  expect(Object.keys(FIRES).sort()).toEqual(
    alerts()
      .map(({ alert }) => alert)
      .sort(),
  )
  const tests = Object.entries(FIRES).map(([alert, { series, at = '15m' }]) => ({
    ...{ name: alert, interval: '1m', input_series: inputSeries(series) },
    promql_expr_test: [{ expr: FIRING, eval_time: at, exp_samples: [{ labels: `{alertname="${alert}"}`, value: 1 }] }],
  }))
  promtool(tests)
})

it('wakes nobody on a busy day, and says so where a rule would', (test) => {
  needs(test, found('promtool'), PROMTOOL)
  const quiet = (series: Readonly<Record<string, string>>) => ({
    ...{ interval: '1m', input_series: inputSeries(series) },
    promql_expr_test: [{ expr: FIRING, eval_time: '80m', exp_samples: [] }],
  })
  promtool([quiet(HEALTHY)])
  expect(() => promtool([quiet({ ...HEALTHY, ...over('gatescribe_ready', '', '0x90') })])).toThrow('GatescribeNotReady')
})

it('says of each how urgent it is, what it means and what to do', () => {
  for (const { alert, labels, annotations } of alerts()) {
    expect(labels.severity, alert).toMatch(/^(page|warn)$/)
    for (const said of ['summary', 'description', 'do']) expect(annotations[said], `${alert}: ${said}`).toMatch(/\w+ \w+/)
  }
})
