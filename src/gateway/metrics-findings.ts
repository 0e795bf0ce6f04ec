import type { Finding } from '../api/local/index.ts'
import type { Config } from '../config/index.ts'
import type { Metrics } from '../metrics/index.ts'

/** Whoever scrapes does so every minute at the least; ms. */
const SCRAPED_MS = 180_000

/** Whether somebody takes the numbers that are offered: alerts that nobody evaluates wake nobody. */
export function* metricsFindings(metrics: Pick<Metrics, 'readers'> | undefined, { gateway, metrics: settings }: Config): Iterable<Finding> {
  if (metrics === undefined) return
  const { scrapedAt, push } = metrics.readers
  if (gateway.listen.metrics !== undefined) yield scrapeFinding(scrapedAt)
  if (settings.otlp !== undefined && push !== undefined) yield pushFinding(push)
}

function scrapeFinding(scrapedAt: number | undefined): Finding {
  const ago = scrapedAt === undefined ? undefined : Date.now() - scrapedAt
  if (ago !== undefined && ago <= SCRAPED_MS) return { subject: 'metrics', level: 'ok', found: `were scraped ${seconds(ago)} ago` }
  return {
    subject: 'metrics',
    level: 'warn',
    found: ago === undefined ? 'have not been scraped since the start' : `have not been scraped for ${seconds(ago)}`,
    next: 'Have Prometheus scrape the metrics door (deploy/prometheus/scrape.yaml), or take gateway.listen.metrics away.',
  }
}

function pushFinding({ lastTaken, error, failed }: NonNullable<Metrics['readers']['push']>): Finding {
  const subject = 'metrics collector'
  if (error !== undefined)
    return { subject, level: 'fail', found: `${error.message} [${error.code}] ${failed} failed since the start`, next: error.next }
  if (lastTaken === undefined) return { subject, level: 'ok', found: 'nothing has been pushed yet' }
  return { subject, level: 'ok', found: `took what was pushed ${seconds(Date.now() - lastTaken)} ago` }
}

const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`
