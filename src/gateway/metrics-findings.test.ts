import { expect, it } from 'vitest'
import type { Config } from '../config/index.ts'
import { MetricsError, type MetricsReaders } from '../metrics/index.ts'
import { metricsFindings } from './metrics-findings.ts'

const config = { gateway: { listen: { metrics: { host: '127.0.0.1', port: 9464 } } }, metrics: { otlp: {} } } as unknown as Config
const found = (readers: Partial<MetricsReaders>) =>
  [...metricsFindings({ readers: { scrapedAt: undefined, push: undefined, ...readers } }, config)].map((finding) => [
    finding.level,
    finding.found,
  ])
const push = { taken: 0, failed: 0, lastTaken: undefined, since: 0, every: 15_000, error: undefined }

it('says that nobody scrapes, or that somebody does', () => {
  expect(found({})).toEqual([['warn', 'have not been scraped since the start']])
  expect(found({ scrapedAt: Date.now() - 600_000 })).toEqual([['warn', 'have not been scraped for 600 s']])
  expect(found({ scrapedAt: Date.now() - 2_000 })).toEqual([['ok', 'were scraped 2 s ago']])
  expect([...metricsFindings(undefined, config)]).toEqual([])
})

it('says whether the collector takes what is pushed', () => {
  const [, before] = found({ push })
  expect(before).toEqual(['ok', 'nothing has been pushed yet'])
  const [, taken] = found({ push: { ...push, taken: 3, lastTaken: Date.now() - 4_000 } })
  expect(taken).toEqual(['ok', 'took what was pushed 4 s ago'])
  const error = new MetricsError('GS_METRICS_PUSH_FAILED', 'The collector did not take the metrics. It answered 401.')
  const [, failed] = found({ push: { ...push, failed: 7, error } })
  expect(failed).toEqual([
    'fail',
    'The collector did not take the metrics. It answered 401. [GS_METRICS_PUSH_FAILED] 7 failed since the start',
  ])
})
