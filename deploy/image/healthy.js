// The image's health check, without curl: asks the metrics door of the gateway, or the health port of a connector, whether the process is well.
// Another address, or /readyz, is the first argument.
const url = process.argv[2] ?? process.env.GATESCRIBE_HEALTH_URL ?? 'http://127.0.0.1:9464/healthz'
try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(4_000), redirect: 'error' })
  if (!answer.ok) process.stderr.write(`${url} answers ${answer.status}\n`)
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  process.stderr.write(`${url}: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
