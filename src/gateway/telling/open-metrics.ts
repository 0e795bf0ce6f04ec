import type { Config } from '../../config/index.ts'
import type { Metrics } from '../../metrics/index.ts'
import { version } from '../version.ts'

/** Undefined where nobody reads them: then nothing is counted, and nothing of it is loaded. */
export async function openMetrics({ gateway, metrics }: Config): Promise<Metrics | undefined> {
  if (gateway.listen.metrics === undefined && metrics.otlp === undefined) return undefined
  const { createMetrics } = await import('../../metrics/index.ts')
  return createMetrics({ version: version(), node: process.versions.node, startedAt: Date.now() })
}
