// The image's health check, without curl: asks the metrics door of the gateway, or the health port of a connector, whether the process is well.
// Another address, or /readyz, is the first argument.
import { request as plain } from 'node:http'
import { request as secure } from 'node:https'

const url = new URL(process.argv[2] ?? process.env.GATESCRIBE_HEALTH_URL ?? 'http://127.0.0.1:9464/healthz')
const ask = url.protocol === 'https:' ? secure : plain
// Nothing secret is said, and only a status is heard: whose certificate it is makes no difference, as it makes none to a kubelet.
const asked = ask(url, { rejectUnauthorized: false, signal: AbortSignal.timeout(4_000) }, (answer) => {
  answer.resume()
  if (answer.statusCode !== 200) end(1, `answers ${answer.statusCode}`)
  else end(0)
})
asked.on('error', (error) => end(1, error.message))
asked.end()

function end(code, why) {
  if (why !== undefined) process.stderr.write(`${url}: ${why}\n`)
  process.exit(code)
}
