import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { everythingHappened } from '../metrics/every-family.ts'
import { needs } from '../parts/require.ts'
import { FRAMEWORKS, frameworkPython } from './python.ts'

interface Read {
  readonly kind: string
  readonly unit: string
  readonly cumulative: boolean
  readonly monotonic: boolean
  readonly started: readonly number[]
  readonly points: readonly (readonly unknown[])[]
}

it('is pushed as OpenTelemetry itself reads it, every field known', async (test) => {
  // AutoGen brings OpenTelemetry's messages along.
  const python = frameworkPython('autogen')
  needs(test, python, FRAMEWORKS)
  const request = await everythingHappened().otlp({ version: '1.2.3', instance: 'gw.example/main' })
  const read = JSON.parse(
    execFileSync(python, [join(import.meta.dirname, 'otlp_metrics.py')], { input: JSON.stringify(request), encoding: 'utf8' }),
  ) as Record<string, Read>
  expect(read.resource).toEqual({ 'service.name': 'gatescribe', 'service.version': '1.2.3', 'service.instance.id': 'gw.example/main' })
  const at = { resource: 'shop', protocol: 'postgres' }
  expect(read.gatescribe_operations_total).toMatchObject({
    kind: 'sum',
    cumulative: true,
    monotonic: true,
    started: [1_700_000_000_000_000_000],
  })
  expect(read.gatescribe_operations_total?.points).toContainEqual([{ ...at, outcome: 'completed' }, 1])
  expect(read.gatescribe_data_free_bytes).toMatchObject({ kind: 'gauge', unit: 'By', points: [[{}, 100]] })
  const { kind, unit, cumulative, points } = read.gatescribe_operation_duration_seconds!
  expect([kind, unit, cumulative]).toEqual(['histogram', 's', true])
  // 1.5 ms is above 1 ms and at most 2.5.
  expect(points).toEqual([[at, 1, 0.0015, [0, 0, 1, ...Array(14).fill(0)], 16]])
  const { resource: _, ...metrics } = read
  expect(Object.keys(metrics).length).toBeGreaterThan(60)
  for (const [name, metric] of Object.entries(metrics)) expect(metric.cumulative, name).toBe(true)
})
